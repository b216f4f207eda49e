-- run once by the PostgreSQL image: the journal beside Dagster's own tables
CREATE DATABASE alignment;
