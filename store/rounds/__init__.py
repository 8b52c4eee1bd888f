"""What comes round, in the database: sites that live, documents and their versions, signatures, and coming dates."""
