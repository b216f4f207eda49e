"""Every sentence that people read in the CRM: its text, and the helpers that put it together."""
