"""Text and a position in an editor go in; diagnostics, explanations, completions and changes come out.

`server` speaks the Language Server Protocol through pygls (extra `lsp`); every other module is pure and needs neither.
"""
