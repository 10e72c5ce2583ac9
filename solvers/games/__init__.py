"""Matrix games as linear programs, by a method that the two players' symmetry makes short."""
