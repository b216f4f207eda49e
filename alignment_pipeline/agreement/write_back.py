from alignment_pipeline.agreement.section import Section


class WriteBack(Section):
    pass
