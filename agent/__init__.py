"""The printwarden agent: finds printers on a LAN, reads them, judges them, and tells the provider.

discovery -Sighting-> inventory -Device-> collectors -Snapshot-> history -Facts-> rules
    -Change-> tickets -Event-> report -Envelope-> uplink.outbox.outbox -> uplink.delivery.delivery -> provider
"""

__version__ = "0.1.0"
