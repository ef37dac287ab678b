package io.onnxfleet.jobs.webhook;

import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Deliveries that wait, in the database. Changes run in their caller's transaction. Thread-safe.
 */
final class DeliveryRecords {
  private static final String ONE = " where event_id = ? and endpoint = ?";

  private final JdbcClient database;

  DeliveryRecords(JdbcClient database) {
    this.database = database;
  }

  void add(Delivery delivery) {
    database
        .sql(
            "insert into webhook_delivery (event_id, endpoint, event_type, subject, created_at,"
                + " tries) values (?, ?, ?, ?, ?, ?)")
        .params(
            delivery.key().event(),
            delivery.key().endpoint(),
            delivery.type(),
            delivery.subject(),
            delivery.created(),
            delivery.tries())
        .update();
  }

  Optional<Delivery> find(Delivery.Key key) {
    return database
        .sql("select event_type, subject, created_at, tries from webhook_delivery" + ONE)
        .params(key.event(), key.endpoint())
        .query(
            (row, number) ->
                new Delivery(
                    key,
                    row.getString("event_type"),
                    row.getString("subject"),
                    row.getLong("created_at"),
                    row.getInt("tries")))
        .optional();
  }

  /** One more try failed. */
  void countTry(Delivery.Key key) {
    database
        .sql("update webhook_delivery set tries = tries + 1" + ONE)
        .params(key.event(), key.endpoint())
        .update();
  }

  void remove(Delivery.Key key) {
    database.sql("delete from webhook_delivery" + ONE).params(key.event(), key.endpoint()).update();
  }

  long count() {
    return database.sql("select count(*) from webhook_delivery").query(Long.class).single();
  }
}
