package io.onnxfleet.jobs.webhook;

import io.onnxfleet.jobs.webhook.WebhookMeters.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Semaphore;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tries a delivery, and says when it is to be tried again. An endpoint gets an event at least once:
 * again where this process ended between the answer and the note of it. Bounded: tries of one
 * endpoint at a time, so that one which does not answer keeps no other from its events. Blocks.
 * Thread-safe.
 */
final class DeliveryWork {
  private static final Logger LOGGER = LoggerFactory.getLogger(DeliveryWork.class);

  /** Until an endpoint with all its places taken is asked for one again. */
  private static final Duration BUSY = Duration.ofSeconds(5);

  /** Of a pause: what failed together is not tried together again. */
  private static final double SPREAD = 0.1;

  private final DeliveryRecords records;
  private final Endpoints endpoints;
  private final WebhookSender sender;
  private final List<Duration> pauses;
  private final int places;
  private final ConcurrentMap<String, Semaphore> placesOf = new ConcurrentHashMap<>();
  private final WebhookMeters meters;
  private final InstantSource clock;
  private final RandomGenerator random;

  /**
   * Tries deliveries.
   *
   * @param pauses before each further try; there is one try more than pauses
   * @param places of one endpoint's tries under way
   */
  DeliveryWork(
      DeliveryRecords records,
      Endpoints endpoints,
      WebhookSender sender,
      List<Duration> pauses,
      int places,
      WebhookMeters meters,
      InstantSource clock,
      RandomGenerator random) {
    this.records = records;
    this.endpoints = endpoints;
    this.sender = sender;
    this.pauses = List.copyOf(pauses);
    this.places = places;
    this.meters = meters;
    this.clock = clock;
    this.random = random;
  }

  /** Tries once; when to try again, or nothing if the delivery has ended. */
  Optional<Instant> run(Delivery.Key key) {
    Delivery delivery = records.find(key).orElse(null);
    if (delivery == null) {
      return Optional.empty();
    }
    Semaphore free = placesOf.computeIfAbsent(key.endpoint(), endpoint -> new Semaphore(places));
    if (!free.tryAcquire()) {
      return Optional.of(clock.instant().plus(spread(BUSY)));
    }
    try {
      return settle(delivery, attempt(delivery));
    } finally {
      free.release();
    }
  }

  private WebhookSender.Answer attempt(Delivery delivery) {
    Endpoint endpoint = endpoints.find(delivery.key().endpoint()).orElse(null);
    return endpoint == null
        ? new WebhookSender.Answer.Failed("no such endpoint is configured")
        : sender.send(endpoint, delivery);
  }

  private Optional<Instant> settle(Delivery delivery, WebhookSender.Answer answer) {
    return switch (answer) {
      case WebhookSender.Answer.Accepted() -> ended(delivery, Outcome.DELIVERED, null);
      case WebhookSender.Answer.Gone() -> ended(delivery, Outcome.GONE, "410 Gone");
      case WebhookSender.Answer.Failed(String reason) ->
          delivery.tries() < pauses.size()
              ? again(delivery, reason)
              : ended(delivery, Outcome.GIVEN_UP, reason);
    };
  }

  private Optional<Instant> again(Delivery delivery, String reason) {
    Duration pause = spread(pauses.get(delivery.tries()));
    records.countTry(delivery.key());
    meters.count(delivery.key().endpoint(), Outcome.RETRIED);
    LOGGER.info(
        "{} of {} did not reach {}, next try in {}: {}",
        delivery.type(),
        delivery.subject(),
        delivery.key().endpoint(),
        pause,
        reason);
    return Optional.of(clock.instant().plus(pause));
  }

  private Optional<Instant> ended(Delivery delivery, Outcome outcome, @Nullable String failure) {
    records.remove(delivery.key());
    meters.count(delivery.key().endpoint(), outcome);
    if (failure != null) {
      LOGGER.warn(
          "{} of {} does not reach {}, given up after {} tries: {}",
          delivery.type(),
          delivery.subject(),
          delivery.key().endpoint(),
          delivery.tries() + 1,
          failure);
    }
    return Optional.empty();
  }

  private Duration spread(Duration pause) {
    return pause.plusMillis((long) (pause.toMillis() * SPREAD * random.nextDouble()));
  }
}
