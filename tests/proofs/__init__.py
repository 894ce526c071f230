"""What the analysis is compared with: a prover, patients of whom everything is known, and the enumeration of all patients."""
