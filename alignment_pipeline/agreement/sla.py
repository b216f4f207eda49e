from alignment_pipeline.agreement.section import Section


class Sla(Section):
    pass
