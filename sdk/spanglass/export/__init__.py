"""From ended spans to requests at the collector: queue, parcels, spool, HTTP. ``outbox`` is the way in."""
