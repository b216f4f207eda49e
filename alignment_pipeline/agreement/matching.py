from alignment_pipeline.agreement.section import Section


class Matching(Section):
    pass
