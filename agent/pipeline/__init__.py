"""A poll from its start to its commit. `agent.app` puts the parts together.

polling/            find printers, read those that are due, note those that are silent
batch_writer        commit readings in groups, one transaction each
pipeline            one reading's way: inventory, meters, history, rules, tickets, outbox
facts_builder       the facts that rules see after a reading
device_events       meter reads, inventories and supply hints of one printer
device_tags         tags and contracts of the configuration
certificate_pins    the certificate that each printer showed first
replay/             the same stages on recorded history: backtests, trials, explanations
"""
