"""Contracts as files: what a provider agreed with a customer, so far as the agent needs it on site.

contracts.toml ──► loader ──► ContractBook ─┬─► matching    which contract a printer is under, and why
assets.csv     ──► assets ──► Asset ────────┘   cover       what it covers, and what is charged
                                                routing     who is sent, what they must be able to do
                                                parts_kits  which parts they should bring
                                                sla_clock   by when: business time, also offline
                                                ticket_terms   all of it, for one ticket

Prices stay with the provider. Pure, but for reading the two files: `now` is an argument.
"""
