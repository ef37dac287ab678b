package io.onnxfleet.gateway.body;

import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.call.BodySource;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/**
 * Lends the bodies of requests: kept where they are small enough to be sent again, streamed
 * otherwise, refused above the gateway's bound. What a body holds is given back when its use ends,
 * however it ends. Safe for use by many threads.
 */
public final class RequestBodies {

  private final ByteBudget budget;
  private final long most;
  private final long replayLimit;

  /**
   * Lends nothing yet.
   *
   * @param budget what all bodies that are kept share
   * @param most bytes of a body; more is refused
   * @param replayLimit bytes up to which a body is kept so that it can be sent again
   */
  public RequestBodies(ByteBudget budget, long most, long replayLimit) {
    this.budget = budget;
    this.most = most;
    this.replayLimit = Math.min(most, replayLimit);
  }

  /** Uses the body; a large one is not read before it is sent on. */
  public Mono<Void> use(BodySource source, Function<RequestBody, Mono<Void>> use) {
    return use(source, new BodyLimits(replayLimit, replayLimit, most, false), use);
  }

  /** Uses the body when all of it is in memory, whatever its size up to what there is room for. */
  public Mono<Void> useKept(BodySource source, Function<RequestBody, Mono<Void>> use) {
    long room = Math.min(most, budget.mostOfOne());
    return use(source, new BodyLimits(replayLimit, room, room, true), use);
  }

  private Mono<Void> use(
      BodySource source, BodyLimits limits, Function<RequestBody, Mono<Void>> use) {
    if (source.isEmpty()) {
      return use.apply(RequestBody.Kept.EMPTY);
    }
    if (source instanceof BodySource.InMemory all) {
      return use.apply(new RequestBody.Kept(all.bytes()));
    }
    long declared = source.declaredLength();
    if (declared > limits.most()) {
      return Mono.error(limits.tooLarge(declared));
    }
    if (declared > limits.keep()) {
      return use.apply(
          new RequestBody.Streamed(
              RequestContent.pieces(source).onErrorMap(error -> limits.brokenOff(error, 0)),
              declared));
    }
    return Mono.using(
        () -> new BodyCollector(limits, budget, declared, source::failureAtEnd),
        collector -> collector.collect(source.pieces()).flatMap(use),
        BodyCollector::release);
  }
}
