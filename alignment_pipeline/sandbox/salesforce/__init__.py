"""The embedded Salesforce."""
