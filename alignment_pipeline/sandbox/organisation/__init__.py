"""The demo organisation on real companies: `generate(seed=..., anchor=...)` gives its records and the truth about them."""

from alignment_pipeline.sandbox.organisation.organisation import ANCHOR, Organisation, generate
from alignment_pipeline.sandbox.organisation.truth import HandRaiseTruth, LeadTruth, Truth

__all__ = ["ANCHOR", "HandRaiseTruth", "LeadTruth", "Organisation", "Truth", "generate"]
