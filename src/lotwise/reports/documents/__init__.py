"""What a client is handed: taxes saved, a transition proposal, realised gains, holdings; as PDF and as HTML.

A document is a list of blocks (`blocks`), made of plain figures by one module each (`savings_page`, `transition_page`,
`gains_page`, `holdings_page`) and printed by `pdf` and `html`: both print the same words, since neither makes any.
"""
