"""Build the published events from the agent's records: one file a type, as in `uplink/events/`. Pure.

    record ──► rows (each kind of row mapped once) ──► model of `uplink.events` ──► Sender

- Every field is named by the model, and the type checker holds names and types against it.
- A field that is set leaves the site, as null where it is unknown; one that is not set is absent.
- The models are built without validation (`model_construct`): the receiver validates. An odd value of a
  printer then costs one event, which ends in the dead letter, and not the poll that it came with.
"""
