"""Pictures: real templates, real fonts, real renderers."""
