"""The record of confidential cases: what is written of them, who may read it, and who is to see to it."""
