"""Sample payroll documents, genuine and tampered, the same bytes for the same seed."""
