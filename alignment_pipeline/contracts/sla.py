from alignment_pipeline.contracts.contract import Contract

CONTRACTS: tuple[Contract, ...] = ()
