"""Raw tables that another tool has loaded already: Fivetran, Airbyte, dlt, or models of one's own."""
