package io.onnxfleet.jobs.execution;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.FleetSecret;
import io.onnxfleet.contract.fleet.InferenceUnits;
import io.onnxfleet.contract.fleet.Priority;
import io.onnxfleet.jobs.batch.Ending;
import io.onnxfleet.jobs.configuration.JobsProperties;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.http.HttpHeaders;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/*
 * What becomes of a try:
 *
 *   no gateway                                       again, for as long as there is time
 *   a connection that breaks                         the same, if nobody is answered; else again,
 *                                                    a few times
 *   429                                              again, for as long as there is time
 *   503 with Retry-After                             again, for the line's patience: a model that
 *                                                    is being loaded, a fleet without replicas
 *   504                                              the same: at the lowest priority others go
 *                                                    first, until the deadline passes
 *   401 that asks for the fleet's signature          again: gateway and job service do not agree
 *   401                                              again, for a moment: a gateway may know of
 *                                                    credentials later than others. Then it ends
 *                                                    all: the owner's credentials ended
 *   408, 500, 502, and no answer in time             again, a few times
 *   503 with Inference-Suspect                       the same: a process died while it had the line
 *                                                    or one like it, and maybe of something else
 *   everything else                                  is the line's answer
 */
/**
 * Asks the gateway a line, or a single request, in its owner's name, with the lowest priority,
 * until there is an answer or nobody wants one any more. Blocks. Thread-safe. Holds one answer for
 * each caller, of which large ones together have no more memory than they were given.
 */
public final class GatewayLines {
  private static final Logger LOGGER = LoggerFactory.getLogger(GatewayLines.class);

  private static final Duration CONNECT = Duration.ofSeconds(2);
  private static final Duration SHORTEST_PAUSE = Duration.ofMillis(250);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(15);
  private static final int UNIT = 64 << 10;

  /** Of an answer while it becomes a line: as it came, as it grows, and as it is written. */
  private static final int COPIES = 4;

  private static final int UNAUTHORIZED = 401;
  private static final int TOO_MANY = 429;
  private static final int UNAVAILABLE = 503;
  private static final int LATE = 504;
  private static final int LONGEST_REASON = 500;
  private static final String UNUSABLE = "unusable_answer";
  private static final LineOutcome BROKEN =
      new LineOutcome.Unanswered(
          "connection_broken",
          "the connection to the gateway broke again and again, and others were answered");

  /** Ends answers that come to a halt. */
  private static final ScheduledThreadPoolExecutor ENDS =
      new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().name("answer-end").factory());

  static {
    ENDS.setRemoveOnCancelPolicy(true);
  }

  /** What is asked, once or more often. */
  public interface Question {
    /** The path, with its query if it has one. */
    String target();

    /** What the gateway said of the owner. */
    String ownerStatement();

    /** What is said of the body, and of the answer that is wanted. */
    Map<String, String> headers();

    /** Anew for each try. */
    BodyPublisher body() throws IOException;

    /** Whether nothing but JSON is an answer, with spaces where its lines end. */
    boolean wantsOneLine();
  }

  /** How it is asked. */
  record Terms(
      Duration patience,
      Duration credentialsPatience,
      int maxTries,
      Duration timeout,
      long mostOfAnAnswer) {}

  private final HttpClient http;
  private final GatewayAddress gateway;
  private final @Nullable FleetSecret secret;
  private final Terms terms;
  private final Semaphore places;
  private final AtomicLong answers = new AtomicLong();
  private final Semaphore memory;
  private final int units;
  private final Consumer<Duration> times;
  private final Pauses pauses;
  private final InstantSource clock;

  /**
   * Asks whichever gateway there is.
   *
   * @param secret null where the fleet has none
   * @param places of tries under way; who waits for the next one has none
   * @param memoryForAnswers bytes that larger answers share
   * @param times is told how long each success took
   */
  GatewayLines(
      HttpClient http,
      GatewayAddress gateway,
      @Nullable FleetSecret secret,
      Terms terms,
      int places,
      long memoryForAnswers,
      Consumer<Duration> times,
      Pauses pauses,
      InstantSource clock) {
    this.http = http;
    this.gateway = gateway;
    this.secret = secret;
    this.terms = terms;
    this.places = new Semaphore(places, true);
    this.units = (int) Math.max(1, memoryForAnswers / UNIT);
    this.memory = new Semaphore(units, true);
    this.times = times;
    this.pauses = pauses;
    this.clock = clock;
  }

  /**
   * Asks as this process is told to.
   *
   * @param places of tries under way; who waits for the next one has none
   * @param memoryForAnswers bytes that larger answers share
   * @param times is told how long each success took
   */
  public static GatewayLines of(
      JobsProperties properties,
      @Nullable FleetSecret secret,
      DiscoveryClient registry,
      int places,
      long memoryForAnswers,
      Consumer<Duration> times,
      Pauses pauses,
      InstantSource clock) {
    return new GatewayLines(
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build(),
        new GatewayAddress(
            registry, properties.gatewayName(), properties.gateway(), new SecureRandom(), clock),
        secret,
        new Terms(
            properties.linePatience(),
            properties.credentialsPatience(),
            properties.maxTries(),
            properties.requestTimeout(),
            properties.maxAnswerSize().toBytes()),
        places,
        memoryForAnswers,
        times,
        pauses,
        clock);
  }

  /** What a try came to. */
  private sealed interface Try {
    record Ended(LineOutcome outcome, int held) implements Try {
      Ended(LineOutcome outcome) {
        this(outcome, 0);
      }
    }

    /** No answer, of somebody who was reached. */
    record Broken() implements Try {}

    /** Nobody is known by these credentials. */
    record Refused(Duration pause, LineOutcome outcome) implements Try {}

    /** May be asked again, at no cost: it is not about the line. */
    record Later(Duration pause) implements Try {}

    /** May be asked again, for a while: the fleet cannot answer now. */
    record Unavailable(Duration pause, LineOutcome otherwise) implements Try {}

    /** May be asked again, a few times. */
    record Again(Duration pause, LineOutcome otherwise) implements Try {}
  }

  /** Takes what came of it, while there is memory for it. */
  public interface Keeper {
    void keep(LineOutcome outcome) throws IOException;
  }

  /**
   * Asks.
   *
   * @param id which the gateway's log knows the request by
   */
  public void ask(Question question, String id, Interruption interruption, Keeper keeper)
      throws IOException, StoppingException, InterruptedException, BusyException {
    @Nullable Instant refused = null;
    @Nullable Instant unavailable = null;
    long seen = answers.get();
    int tries = 0;
    Duration pause = SHORTEST_PAUSE;
    while (true) {
      Ending ending = interruption.ending();
      if (ending != null) {
        keeper.keep(new LineOutcome.Unanswered(ending.lineCode(), ending.lineMessage()));
        return;
      }
      Duration wanted;
      Try tried = tryOnce(question, id);
      if (!(tried instanceof Try.Refused)) {
        refused = null;
      }
      if (!(tried instanceof Try.Unavailable)) {
        unavailable = null;
      }
      switch (tried) {
        case Try.Ended(LineOutcome outcome, int held) -> {
          try {
            interruption.comes();
            keeper.keep(outcome);
          } finally {
            memory.release(held);
          }
          return;
        }
        case Try.Later(Duration told) -> {
          interruption.waits();
          wanted = told;
        }
        case Try.Broken() -> {
          long known = answers.get();
          if (known == seen) {
            interruption.waits();
          } else {
            interruption.comes();
            seen = known;
            tries++;
            if (tries >= terms.maxTries()) {
              keeper.keep(BROKEN);
              return;
            }
          }
          wanted = Duration.ZERO;
        }
        case Try.Refused(Duration told, LineOutcome outcome) -> {
          interruption.comes();
          Instant now = clock.instant();
          if (refused == null) {
            refused = now;
          }
          if (!now.isBefore(refused.plus(terms.credentialsPatience()))) {
            keeper.keep(outcome);
            return;
          }
          wanted = told;
        }
        case Try.Unavailable(Duration told, LineOutcome otherwise) -> {
          interruption.comes();
          Instant now = clock.instant();
          if (unavailable == null) {
            unavailable = now;
          }
          if (now.isAfter(unavailable.plus(terms.patience()))) {
            keeper.keep(otherwise);
            return;
          }
          wanted = told;
        }
        case Try.Again(Duration told, LineOutcome otherwise) -> {
          interruption.comes();
          tries++;
          if (tries >= terms.maxTries()) {
            keeper.keep(otherwise);
            return;
          }
          wanted = told;
        }
      }
      pauses.rest(longer(wanted, pause));
      pause = shorter(pause.multipliedBy(2), LONGEST_PAUSE);
    }
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) > 0 ? one : other;
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  private Try tryOnce(Question question, String id) throws IOException, InterruptedException {
    URI base = gateway.find();
    if (base == null) {
      return new Try.Later(Duration.ZERO);
    }
    places.acquire();
    try {
      HttpRequest request;
      try {
        request = request(base, question, id);
      } catch (IllegalArgumentException unsendable) {
        String message = "it cannot be sent again: " + unsendable.getMessage();
        return new Try.Ended(new LineOutcome.Unanswered("unusable_request", message));
      }
      return send(request, question, id);
    } finally {
      places.release();
    }
  }

  private Try send(HttpRequest request, Question question, String id) throws InterruptedException {
    int held = 0;
    try {
      Instant begun = clock.instant();
      HttpResponse<InputStream> answer = http.send(request, BodyHandlers.ofInputStream());
      answers.incrementAndGet();
      try (InputStream content = answer.body()) {
        held = hold(answer);
        // The request's own timeout ends with the answer's head.
        ScheduledFuture<?> end =
            ENDS.schedule(
                () -> closeQuietly(content), terms.timeout().toMillis(), TimeUnit.MILLISECONDS);
        try {
          Try judged = judge(answer, content, question, id);
          if (judged instanceof Try.Ended ended) {
            if (ended.outcome() instanceof LineOutcome.Answered answered && answered.isSuccess()) {
              times.accept(Duration.between(begun, clock.instant()));
            }
            judged = new Try.Ended(ended.outcome(), held);
            held = 0;
          }
          return judged;
        } finally {
          end.cancel(false);
        }
      }
    } catch (HttpConnectTimeoutException | ConnectException unreached) {
      return new Try.Later(Duration.ZERO);
    } catch (HttpTimeoutException late) {
      String message = "no answer within " + terms.timeout().toSeconds() + " s";
      return new Try.Again(Duration.ZERO, new LineOutcome.Unanswered("no_answer_in_time", message));
    } catch (IOException broken) {
      return new Try.Broken();
    } finally {
      memory.release(held);
    }
  }

  /** Wakes up who reads it, with an {@link IOException}. */
  private static void closeQuietly(InputStream content) {
    try {
      content.close();
    } catch (IOException broken) {
      LOGGER.debug("an answer that came to a halt could not be closed", broken);
    }
  }

  /** INVARIANT: whoever holds memory waits for nothing but its own answer. */
  private int hold(HttpResponse<InputStream> answer) throws InterruptedException {
    long length =
        answer.headers().firstValueAsLong("Content-Length").orElse(terms.mostOfAnAnswer());
    int wanted = (int) Math.min(units, COPIES * length / UNIT);
    memory.acquire(wanted);
    return wanted;
  }

  private HttpRequest request(URI base, Question question, String id) throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + question.target()))
            .timeout(terms.timeout())
            .header(HeaderNames.REQUEST_ID, id)
            .header(HeaderNames.PRIORITY, Priority.write(Priority.LOWEST))
            .POST(question.body());
    question.headers().forEach(request::header);
    FleetSecret known = secret;
    if (known != null) {
      request.header(HeaderNames.OWNER, question.ownerStatement());
      request.header(
          HeaderNames.SIGNATURE,
          known.sign(
              "POST",
              authority(base),
              question.target(),
              question.ownerStatement(),
              clock.instant().toEpochMilli()));
    }
    return request.build();
  }

  private static String authority(URI base) {
    if (base.getPort() >= 0) {
      return base.getHost() + ":" + base.getPort();
    }
    return base.getHost() + (base.getScheme().equals("https") ? ":443" : ":80");
  }

  private Try judge(
      HttpResponse<InputStream> answer, InputStream content, Question question, String id)
      throws IOException {
    int status = answer.statusCode();
    byte[] body = content.readNBytes((int) terms.mostOfAnAnswer() + 1);
    String requestId = answer.headers().firstValue(HeaderNames.REQUEST_ID).orElse(id);
    Duration told = Duration.ofSeconds(seconds(answer));
    LineOutcome outcome = outcome(question, requestId, body, answer);
    return switch (status) {
      case TOO_MANY -> new Try.Later(told);
      case UNAVAILABLE -> unavailable(answer, told, outcome);
      case LATE -> new Try.Unavailable(told, outcome);
      case 408, 500, 502 -> new Try.Again(told, outcome);
      case UNAUTHORIZED ->
          isOfTheFleet(answer) ? new Try.Later(told) : new Try.Refused(told, refusal(body));
      default -> new Try.Ended(outcome);
    };
  }

  private static Try unavailable(
      HttpResponse<InputStream> answer, Duration told, LineOutcome outcome) {
    if (!told.isZero()) {
      return new Try.Unavailable(told, outcome);
    }
    // Most that are under way where a process dies are not the cause. The gateway holds back one
    // that may be.
    return answer.headers().firstValue(HeaderNames.SUSPECT).isPresent()
        ? new Try.Again(LONGEST_PAUSE, outcome)
        : new Try.Ended(outcome);
  }

  private static long seconds(HttpResponse<InputStream> answer) {
    try {
      return Math.clamp(
          answer.headers().firstValueAsLong(HttpHeaders.RETRY_AFTER).orElse(0),
          0,
          LONGEST_PAUSE.toSeconds());
    } catch (NumberFormatException date) {
      return LONGEST_PAUSE.toSeconds();
    }
  }

  private static boolean isOfTheFleet(HttpResponse<InputStream> answer) {
    return answer
        .headers()
        .allValues(HttpHeaders.WWW_AUTHENTICATE)
        .contains(HeaderNames.SIGNATURE_SCHEME);
  }

  private LineOutcome outcome(
      Question question, String requestId, byte[] body, HttpResponse<InputStream> answer) {
    int status = answer.statusCode();
    if (body.length > terms.mostOfAnAnswer()) {
      return new LineOutcome.Unanswered(
          UNUSABLE,
          "an answer of more than %d bytes, of status %d (expected: fewer)"
              .formatted(terms.mostOfAnAnswer(), status));
    }
    if (question.wantsOneLine() && !OneLine.make(body)) {
      return new LineOutcome.Unanswered(
          UNUSABLE,
          "an answer of status %d that is not JSON (expected: JSON, without binary tensors)"
              .formatted(status));
    }
    long tokens =
        answer
            .headers()
            .firstValue(HeaderNames.UNITS)
            .map(units -> InferenceUnits.parse(units).tokens())
            .orElse(0L);
    return new LineOutcome.Answered(status, requestId, answer.headers(), body, tokens);
  }

  private static LineOutcome refusal(byte[] body) {
    String text = new String(body, StandardCharsets.UTF_8);
    String code = String.valueOf(ErrorCode.CREDENTIALS_INVALID.label());
    String message = text;
    try {
      JsonNode error = JsonMapper.shared().readTree(body).path("error");
      code = error.path("code").asString(code);
      message = error.isObject() ? error.path("message").asString(text) : error.asString(text);
    } catch (JacksonException none) {
      // Said by something before the gateway; shown as it is.
      message = text;
    }
    return new LineOutcome.Refused(
        code, message.length() > LONGEST_REASON ? message.substring(0, LONGEST_REASON) : message);
  }
}
