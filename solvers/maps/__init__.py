"""Maps of points that no eigenvectors give: by majorization, and by scikit-learn."""
