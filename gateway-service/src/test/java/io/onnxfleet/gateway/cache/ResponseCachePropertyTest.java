package io.onnxfleet.gateway.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.call.FakeAnswer;
import io.onnxfleet.gateway.call.TestCalls;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.OneReplica;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Whatever clients, replicas and the fleet do: nobody gets an answer that is not its own. */
class ResponseCachePropertyTest {

  private static final ModelReference MODEL = new ModelReference("kept", null);
  private static final Duration LIVES = Duration.ofSeconds(10);
  private static final List<String> CONTENTS = List.of("aaaaaaaaaaaa", "bbbbbbbbbbbb");
  private static final int BODIES = 3;
  private static final int STEPS = 20_000;

  private final AtomicLong clock = new AtomicLong();
  private final List<Work> works = new ArrayList<>();
  private final List<Client> clients = new ArrayList<>();
  private int content;
  private Fleet fleet = serving();
  private final ResponseCache cache =
      new ResponseCache(
          new CacheProperties(
              List.of("kept"),
              DataSize.ofMegabytes(1),
              DataSize.ofBytes(100),
              LIVES,
              Duration.ofMinutes(1)),
          () -> fleet,
          new CacheMetrics(new SimpleMeterRegistry()),
          clock::get);

  private Fleet serving() {
    return OneReplica.with(
        Map.of("models-ready", "kept:1", "models-contents", "kept/1@" + CONTENTS.get(content)));
  }

  private static final class Client {
    private final FakeAnswer answer = new FakeAnswer();
    private final int body;
    private final boolean renews;
    private final long since;
    private boolean done;
    private boolean failed;
    private @Nullable Disposable subscription;

    Client(int body, boolean renews, long since) {
      this.body = body;
      this.renews = renews;
      this.since = since;
    }
  }

  private static final class Work {
    private final Call call;
    private final Client client;
    private final String content;
    private final Sinks.Empty<Void> end = Sinks.empty();
    private boolean over;

    Work(Call call, Client client, String content) {
      this.call = call;
      this.client = client;
      this.content = content;
    }
  }

  @Test
  void answers_areThoseToTheSameBody_ofTheSameContent_andNotTooOld() {
    long seed = Long.getLong("test.seed", 23);
    System.out.println("seed: " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    for (int step = 0; step < STEPS; step++) {
      switch (random.nextInt(12)) {
        case 0, 1, 2, 3 -> asks(random.nextInt(BODIES), random.nextInt(6) == 0);
        case 4, 5, 6 -> {
          Work work = oneOf(works, random);
          if (work != null) {
            ends(work, random.nextInt(8));
          }
        }
        case 7 -> clock.addAndGet(Duration.ofMillis(random.nextInt(2000)).toNanos());
        case 8 -> {
          if (random.nextInt(10) == 0) {
            content = 1 - content;
            fleet = serving();
            cache.changed(fleet);
          }
        }
        case 9 -> {
          Client client = oneOf(clients, random);
          if (client != null && client.subscription != null) {
            client.subscription.dispose();
            clients.remove(client);
          }
        }
        default -> clients.removeIf(this::isToldRightly);
      }
      works.removeIf(work -> work.over);
      assertThat(clients.stream().filter(client -> !client.done && !client.failed).count())
          .as("everybody who waits has somebody who works")
          .satisfies(waiting -> assertThat(waiting == 0 || !works.isEmpty()).isTrue());
    }
    while (!works.isEmpty()) {
      ends(works.getFirst(), 0);
      works.removeIf(work -> work.over);
    }
    assertThat(clients).allMatch(this::isToldRightly);
  }

  private static <T> @Nullable T oneOf(List<T> all, SplittableRandom random) {
    return all.isEmpty() ? null : all.get(random.nextInt(all.size()));
  }

  private void asks(int body, boolean renews) {
    Client client = new Client(body, renews, clock.get());
    Call call =
        renews
            ? TestCalls.infer(
                MODEL.name(), client.answer, Long.MAX_VALUE, "Cache-Control", "no-cache")
            : TestCalls.infer(MODEL.name(), client.answer, Long.MAX_VALUE);
    clients.add(client);
    client.subscription =
        cache
            .answer(
                call,
                MODEL,
                "infer",
                Integer.toString(body).getBytes(StandardCharsets.UTF_8),
                answered -> work(answered, client))
            .subscribe(nothing -> {}, failure -> client.failed = true, () -> client.done = true);
    if (client.done) {
      assertThat(client.answer.body().split(",", -1)[1])
          .as("what is kept is of the content that answers now")
          .isEqualTo(CONTENTS.get(content));
    }
  }

  private Mono<Void> work(Call call, Client client) {
    return Mono.defer(
        () -> {
          Work work = new Work(call, client, CONTENTS.get(content));
          works.add(work);
          return work.end.asMono().doOnCancel(() -> work.over = true);
        });
  }

  /** Says to which body, of which content, and when. */
  private void ends(Work work, int how) {
    work.over = true;
    if (how == 1) {
      work.end.tryEmitError(new IllegalStateException("the replica failed")).orThrow();
      return;
    }
    work.call.answer().status(how == 2 ? 503 : 200);
    work.call.answer().headers().set(HeaderNames.CONTENT, work.content);
    String told = work.client.body + "," + work.content + "," + clock.get();
    work.call.answer().write(told.getBytes(StandardCharsets.UTF_8)).subscribe();
    work.end.tryEmitEmpty().orThrow();
  }

  private boolean isToldRightly(Client client) {
    if (client.done) {
      String[] told = client.answer.body().split(",", -1);
      assertThat(told[0]).isEqualTo(Integer.toString(client.body));
      assertThat(client.since - Long.parseLong(told[2]))
          .as("older than answers may be")
          .isLessThan(client.renews ? 1 : LIVES.toNanos());
      String status = client.answer.headers().getFirst("Cache-Status");
      if (status != null) {
        assertThat(client.answer.headers().getFirst(HeaderNames.CONTENT)).isEqualTo(told[1]);
      }
    }
    return client.done || client.failed;
  }
}
