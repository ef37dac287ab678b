package io.onnxfleet.jobs.webhook;

import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Supplier;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Makes a delivery for each endpoint that wants an event, in its caller's transaction. */
final class Announcements implements Webhooks {
  private static final String PREFIX = "evt_";

  private final Endpoints endpoints;
  private final DeliveryRecords records;
  private final DeliverySchedule schedule;
  private final Supplier<String> names;
  private final InstantSource clock;

  Announcements(
      Endpoints endpoints,
      DeliveryRecords records,
      DeliverySchedule schedule,
      Supplier<String> names,
      InstantSource clock) {
    this.endpoints = endpoints;
    this.records = records;
    this.schedule = schedule;
    this.names = names;
    this.clock = clock;
  }

  @Override
  public void announce(EventType type, String subject, String owner) {
    if (!TransactionSynchronizationManager.isActualTransactionActive()) {
      throw new IllegalStateException(
          type.label() + " is announced outside of a transaction (expected: inside the job's)");
    }
    List<Endpoint> wanting = endpoints.wanting(type, owner);
    if (wanting.isEmpty()) {
      return;
    }
    String event = PREFIX + names.get();
    Instant now = clock.instant();
    for (Endpoint endpoint : wanting) {
      Delivery.Key key = new Delivery.Key(event, endpoint.name());
      records.add(new Delivery(key, type.label(), subject, now.getEpochSecond(), 0));
      schedule.add(key, now);
    }
  }
}
