package io.onnxfleet.gateway.family;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.gateway.admission.EventRate;
import io.onnxfleet.gateway.fleet.ModelVariant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What is remembered of one family: how many requests come, and for each variant and kind of budget
 * whether it is in use. Safe for use by many threads. Bounded: budgets are told apart by powers of
 * the root of two, 34 in all.
 */
final class FamilyState {

  /** Of budgets from 1 ms to a minute; shorter and longer ones fall into the last ones. */
  private static final int MOST_CLASS = 32;

  private static final int NO_BUDGET_CLASS = -1;
  private static final double RATE_SECONDS = 1;
  private static final long LEARNING_NANOS = 1_000_000_000;

  private record GateKey(String model, int budgetClass) {}

  private final FamilyProperties properties;
  private final Map<GateKey, VariantGate> gates = new ConcurrentHashMap<>();

  @GuardedBy("this")
  private final EventRate arrivals;

  @GuardedBy("this")
  private long learnedAt;

  FamilyState(FamilyProperties properties, long now) {
    this.properties = properties;
    this.arrivals = new EventRate(RATE_SECONDS, now);
    this.learnedAt = now - LEARNING_NANOS;
  }

  /** Counts a request; how many come in a second, it included. */
  synchronized double arrived(long now) {
    arrivals.count(now);
    return arrivals.perSecond(now);
  }

  VariantGate gate(ModelVariant variant, FamilyTerms terms, long now) {
    GateKey key = new GateKey(variant.model(), budgetClass(terms));
    VariantGate known = gates.get(key);
    return known != null
        ? known
        : gates.computeIfAbsent(key, absent -> new VariantGate(properties, now));
  }

  /** Whether a request that seems hopeless goes on nevertheless, so that something is learned. */
  synchronized boolean mayLearn(long now) {
    if (now - learnedAt < LEARNING_NANOS) {
      return false;
    }
    learnedAt = now;
    return true;
  }

  private static int budgetClass(FamilyTerms terms) {
    if (!terms.hasBudget()) {
      return NO_BUDGET_CLASS;
    }
    double millis = Math.max(1, terms.budgetNanos() / 1e6);
    return (int) Math.min(MOST_CLASS, Math.round(2 * Math.log(millis) / Math.log(2)));
  }
}
