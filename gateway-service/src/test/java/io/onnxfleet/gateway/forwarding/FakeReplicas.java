package io.onnxfleet.gateway.forwarding;

import io.netty.buffer.Unpooled;
import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.fleet.Replica;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/** Replicas that answer when a test says so, by the rules of {@link HttpReplicaClient}. */
final class FakeReplicas implements ReplicaClient {

  private final List<Try> tries = new ArrayList<>();

  /** All tries, in their order. */
  List<Try> tries() {
    return tries;
  }

  /** Those that have not ended. */
  List<Try> open() {
    return tries.stream().filter(each -> !each.over).toList();
  }

  List<String> asked() {
    return tries.stream().map(each -> each.replica.id()).toList();
  }

  @Override
  public Mono<Void> send(
      Replica replica, Call call, RequestBody body, Duration remaining, AnswerGate gate) {
    return Mono.create(
        sink -> {
          Try made = new Try(replica, call, body, gate, sink);
          tries.add(made);
          sink.onDispose(() -> made.disposed());
        });
  }

  /** One request at one replica. */
  static final class Try {

    final Replica replica;
    private final Call call;
    private final RequestBody body;
    private final AnswerGate gate;
    private final MonoSink<Void> sink;
    private boolean over;
    private boolean begun;
    private boolean cancelled;

    Try(Replica replica, Call call, RequestBody body, AnswerGate gate, MonoSink<Void> sink) {
      this.replica = replica;
      this.call = call;
      this.body = body;
      this.gate = gate;
      this.sink = sink;
    }

    boolean isCancelled() {
      return cancelled;
    }

    boolean hasBegun() {
      return begun;
    }

    private void disposed() {
      cancelled = !over;
      over = true;
    }

    /** The whole answer. */
    void answers(int status) {
      if (begins(status)) {
        ends();
      }
    }

    /** The head of an answer; whether it goes to the client. */
    boolean begins(int status) {
      boolean refused = status == 429 || status == 503;
      if (refused && body.isReplayable() && gate.goesElsewhere(status)) {
        fails(ReplicaFailure.Reason.FULL);
        return false;
      }
      if (!gate.claims(status)) {
        fails(ReplicaFailure.Reason.LATE);
        return false;
      }
      begun = true;
      call.answer().status(status);
      return true;
    }

    /** The rest of an answer that has begun. */
    void ends() {
      call.answer()
          .write(Flux.just(Unpooled.wrappedBuffer(replica.id().getBytes(StandardCharsets.UTF_8))))
          .subscribe(
              nothing -> {},
              sink::error,
              () -> {
                over = true;
                sink.success();
              });
    }

    void fails(ReplicaFailure.Reason reason) {
      over = true;
      sink.error(new ReplicaFailure(reason, replica.id()));
    }

    void fails(RuntimeException failure) {
      over = true;
      sink.error(failure);
    }
  }
}
