from alignment_pipeline.agreement.section import Section


class Scoring(Section):
    pass
