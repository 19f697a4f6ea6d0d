"""Conformance: asks any backend whether it keeps the contract, clause by clause (`printwarden conform`)."""
