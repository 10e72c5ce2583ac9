"""Problems as the judge sees them: orders and plans, games. Programs are in solvers.proof, where they are proved."""
