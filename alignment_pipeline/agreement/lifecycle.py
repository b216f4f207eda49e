from alignment_pipeline.agreement.section import Section


class Lifecycle(Section):
    pass
