"""The REST resources of the embedded Salesforce, one file for each family; `routes.py` lists them all."""
