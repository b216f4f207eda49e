"""The hook of mkdocs.yml: adds the generated pages to the site when it is built.

Belongs here: handing pages to MkDocs. What is on them: `generated_pages.py`.
"""

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from alignment_pipeline_tests.repository import generated_pages


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """MkDocs calls this with the files of `docs/` and builds what it returns."""
    for path, text in generated_pages.pages().items():
        files.append(File.generated(config, path, content=text))
    return files
