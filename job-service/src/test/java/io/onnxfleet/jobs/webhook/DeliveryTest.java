package io.onnxfleet.jobs.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.kagkarlsson.scheduler.boot.config.DbSchedulerProperties;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.onnxfleet.jobs.configuration.WebhookProperties;
import io.onnxfleet.jobs.network.AddressPolicy;
import io.onnxfleet.jobs.network.CheckedResolver;
import io.onnxfleet.jobs.network.Network;
import io.onnxfleet.jobs.observability.DatabaseNumbers;
import io.onnxfleet.jobs.store.Names;
import java.io.IOException;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import javax.net.ssl.SSLContext;
import org.flywaydb.core.Flyway;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** On a database in memory, to a real endpoint; what survives a kill is {@code WebhooksIT}'s. */
class DeliveryTest {
  private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  private static final List<Duration> PAUSES = List.of(Duration.ofSeconds(5), Duration.ofHours(1));

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final Names names = new Names();
  private Instant now = Instant.ofEpochSecond(1_000_000);
  private Receiver receiver;
  private WebhookSender sender;
  private JdbcClient database;
  private TransactionTemplate transactions;
  private DeliveryRecords records;
  private DeliveryWork work;
  private DeliverySchedule schedule;
  private Webhooks webhooks;

  @BeforeEach
  void start() throws IOException, GeneralSecurityException {
    receiver = new Receiver("127.0.0.1", 0, null);
    JdbcDataSource source = new JdbcDataSource();
    source.setUrl("jdbc:h2:mem:" + names.get() + ";DB_CLOSE_DELAY=-1");
    Flyway.configure().dataSource(source).load().migrate();
    database = JdbcClient.create(source);
    transactions = new TransactionTemplate(new JdbcTransactionManager(source));
    records = new DeliveryRecords(database);
    Endpoints endpoints =
        new Endpoints(
            Map.of(
                "one", endpoint("/one", "*"),
                "two", endpoint("/two", "key:alice")));
    sender =
        new WebhookSender(
            new CheckedResolver(
                InetAddress::getAllByName,
                new AddressPolicy(List.of(Network.parse("key", "127.0.0.1"))),
                "key"),
            SSLContext.getDefault(),
            Duration.ofMinutes(1),
            4,
            () -> now);
    work =
        new DeliveryWork(
            records,
            endpoints,
            sender,
            PAUSES,
            1,
            new WebhookMeters(meters, records, new DatabaseNumbers(), endpoints.names()),
            () -> now,
            () -> 0);
    DbSchedulerProperties times = new DbSchedulerProperties();
    times.setPollingInterval(Duration.ofHours(1));
    schedule = new DeliverySchedule(source, work, 1, times);
    webhooks = new Announcements(endpoints, records, schedule, names, () -> now);
  }

  private WebhookProperties.Endpoint endpoint(String path, String owner) {
    return new WebhookProperties.Endpoint(
        "http://127.0.0.1:" + receiver.port() + path,
        List.of(SECRET),
        null,
        List.of(),
        List.of(owner));
  }

  @AfterEach
  void end() throws IOException {
    sender.close();
    receiver.close();
  }

  private List<String> rows(String sql) {
    return database.sql(sql).query(String.class).list();
  }

  private void announce(String owner) {
    transactions.executeWithoutResult(
        transaction -> webhooks.announce(EventType.BATCH_COMPLETED, "batch_1", owner));
  }

  /** To the endpoint that wants all. */
  private Delivery.Key announced() {
    announce("key:bob");
    return new Delivery.Key(rows("select event_id from webhook_delivery").getFirst(), "one");
  }

  private double count(String outcome) {
    return meters
        .get("fleet.jobs.webhooks.deliveries")
        .tag("webhook", "one")
        .tag("outcome", outcome)
        .counter()
        .count();
  }

  private double waiting() {
    return meters.get("fleet.jobs.webhooks.waiting").gauge().value();
  }

  @Test
  void announced_isScheduledForEachEndpoint_withTheTransactionOnly() {
    transactions.executeWithoutResult(
        transaction -> {
          webhooks.announce(EventType.BATCH_COMPLETED, "batch_1", "key:alice");
          assertThat(rows("select endpoint from webhook_delivery")).hasSize(2);
          transaction.setRollbackOnly();
        });
    assertThat(rows("select endpoint from webhook_delivery")).isEmpty();
    assertThat(rows("select task_instance from webhook_task")).isEmpty();
    announce("key:alice");
    assertThat(rows("select endpoint from webhook_delivery order by endpoint"))
        .containsExactly("one", "two");
    assertThat(rows("select distinct event_id from webhook_delivery")).hasSize(1);
    assertThat(rows("select task_instance from webhook_task order by task_instance"))
        .isEqualTo(
            rows("select event_id || ':' || endpoint from webhook_delivery order by endpoint"));
    assertThat(waiting()).isEqualTo(2);
    assertThatThrownBy(() -> webhooks.announce(EventType.BATCH_COMPLETED, "batch_1", "key:alice"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("outside of a transaction");
  }

  /** The first one may be found by the look that a start begins with. */
  @Test
  @Timeout(60)
  void announced_isDeliveredAtOnce_howeverSeldomTheScheduleLooks() throws InterruptedException {
    BlockingQueue<String> delivered = new LinkedBlockingQueue<>();
    receiver.answering(
        exchange -> {
          exchange.sendResponseHeaders(204, -1);
          delivered.add(exchange.getRequestHeaders().getFirst("webhook-id"));
        });
    schedule.start();
    try {
      for (int count = 0; count < 3; count++) {
        announce("key:bob");
        assertThat(delivered.take()).startsWith("evt_");
      }
    } finally {
      schedule.stop();
    }
  }

  @Test
  void delivered_ends() {
    Delivery.Key key = announced();
    assertThat(work.run(key)).isEmpty();
    assertThat(work.run(key)).isEmpty();
    assertThat(receiver.received()).hasSize(1);
    assertThat(waiting()).isZero();
    assertThat(count("delivered")).isEqualTo(1);
  }

  @Test
  void failed_isTriedAgainAfterEachPause_asTheSameEvent_andGivenUpAfterTheLast() {
    receiver.answering(exchange -> exchange.sendResponseHeaders(500, -1));
    Delivery.Key key = announced();
    assertThat(work.run(key)).contains(now.plus(PAUSES.get(0)));
    now = now.plus(PAUSES.get(0));
    assertThat(work.run(key)).contains(now.plus(PAUSES.get(1)));
    assertThat(waiting()).isEqualTo(1);
    now = now.plus(PAUSES.get(1));
    assertThat(work.run(key)).isEmpty();
    assertThat(waiting()).isZero();
    assertThat(count("retried")).isEqualTo(2);
    assertThat(count("given_up")).isEqualTo(1);
    assertThat(receiver.received())
        .extracting(received -> received.headers().get("webhook-timestamp"))
        .containsExactly("1000000", "1000005", "1003605");
    assertThat(receiver.received())
        .extracting(received -> received.headers().get("webhook-id") + received.body())
        .containsOnly(key.event() + new String(sent(key), UTF_8));
  }

  private static byte[] sent(Delivery.Key key) {
    return new Delivery(key, "batch.completed", "batch_1", 1_000_000, 0).body();
  }

  @Test
  void gone_endsAtOnce() {
    receiver.answering(exchange -> exchange.sendResponseHeaders(410, -1));
    assertThat(work.run(announced())).isEmpty();
    assertThat(waiting()).isZero();
    assertThat(count("gone")).isEqualTo(1);
  }

  @Test
  void endpointThatIsNotConfiguredAnyMore_mayComeBack() {
    Delivery.Key key = new Delivery.Key("evt_1", "three");
    records.add(new Delivery(key, "batch.completed", "batch_1", 1, 0));
    assertThat(work.run(key)).contains(now.plus(PAUSES.get(0)));
    assertThat(records.find(key)).map(Delivery::tries).contains(1);
  }

  @Test
  void endpointWithAllPlacesTaken_isLeftAlone_atNoTry() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch begun = new CountDownLatch(1);
    receiver.answering(
        exchange -> {
          begun.countDown();
          held.await();
          exchange.sendResponseHeaders(204, -1);
        });
    Delivery.Key first = announced();
    Delivery.Key second = new Delivery.Key("evt_2", "one");
    records.add(new Delivery(second, "batch.completed", "batch_2", 1, 0));
    Thread slow = Thread.ofVirtual().start(() -> work.run(first));
    begun.await();
    Optional<Instant> next = work.run(second);
    held.countDown();
    slow.join();
    assertThat(next).contains(now.plus(Duration.ofSeconds(5)));
    assertThat(records.find(second)).map(Delivery::tries).contains(0);
    assertThat(work.run(second)).isEmpty();
    assertThat(receiver.received()).hasSize(2);
  }
}
