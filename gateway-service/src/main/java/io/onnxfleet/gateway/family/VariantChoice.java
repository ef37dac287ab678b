package io.onnxfleet.gateway.family;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelFamily;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.ModelVariant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/*
 * INFaaS (Romero and others, ATC 2021) lets callers say what they need instead of which model. Here:
 * of the variants of the asked quality or better, best first, the first one whose gate admits the
 * request; a gate looks at the estimate of the variant's latency against a share of the budget. If
 * none does, the last one, whose estimate may take the whole budget; and before the request is
 * refused, any other one that is estimated to keep it.
 *
 * A request without a budget is passed on to a lesser variant only where a better one would refuse
 * it.
 */
/**
 * Finds the variant that answers a request for a family.
 *
 * <p>A model's own name always means that model. Where a family bears the name of a model, the
 * family is meant if the request states terms.
 *
 * <p>Safe for use by many threads; never blocks. Bounded by the families of the fleet.
 */
public final class VariantChoice {

  private final Supplier<Fleet> fleet;
  private final FamilyProperties properties;
  private final FamilyMetrics metrics;
  private final LongSupplier nanoClock;
  private final Map<String, FamilyState> states = new ConcurrentHashMap<>();
  private final VectorReferences references = new VectorReferences();

  VariantChoice(
      Supplier<Fleet> fleet,
      FamilyProperties properties,
      FamilyMetrics metrics,
      LongSupplier nanoClock) {
    this.fleet = fleet;
    this.properties = properties;
    this.metrics = metrics;
    this.nanoClock = nanoClock;
  }

  /** The family that a request is for; null if it is for a model, or for nothing that is known. */
  public @Nullable ModelFamily asked(ModelReference name, HttpHeaders headers) {
    Fleet now = fleet.get();
    ModelFamily family = now.family(name.name());
    if (family == null) {
      return null;
    }
    boolean isModel = now.knows(name.name());
    if (isModel && (name.version() != null || !FamilyTerms.areIn(headers))) {
      return null;
    }
    if (name.version() != null) {
      throw new GatewayException(
          ErrorCode.MODEL_NOT_FOUND,
          "version '%s' of family '%s' (expected: no version, or that of one of %s)"
              .formatted(name.version(), name.name(), names(family.variants())));
    }
    return family;
  }

  /**
   * The variant that answers.
   *
   * @param estimates what the request would meet at a variant
   */
  public ModelVariant choose(
      ModelFamily family,
      VariantUse use,
      HttpHeaders headers,
      Function<ModelVariant, VariantEstimate> estimates) {
    FamilyTerms terms = FamilyTerms.read(headers);
    long now = nanoClock.getAsLong();
    FamilyState state =
        states.computeIfAbsent(family.name(), name -> new FamilyState(properties, now));
    double perSecond = state.arrived(now);
    long comfortable = (long) ((double) terms.budgetNanos() * properties.pressure());
    List<ModelVariant> eligible = eligible(family, use, terms);
    List<VariantEstimate> passedOver = new ArrayList<>(eligible.size());
    for (ModelVariant variant : eligible.subList(0, eligible.size() - 1)) {
      VariantEstimate estimate = estimates.apply(variant);
      boolean fits = estimate.isWithin(comfortable);
      if (state.gate(variant, terms, now).admits(fits, perSecond, now)) {
        return metrics.chosen(variant);
      }
      passedOver.add(estimate);
    }
    VariantEstimate last = estimates.apply(eligible.getLast());
    VariantEstimate soonest = last.isWithin(terms.budgetNanos()) ? last : soonest(passedOver, last);
    // Without room anywhere the limits say when to come again.
    if (soonest.hasRoom() && !soonest.isWithin(terms.budgetNanos()) && !state.mayLearn(now)) {
      throw unreachable(terms, soonest);
    }
    return metrics.chosen(soonest.variant());
  }

  /** Remembers the references; forgets families that are gone. */
  void changed(Fleet now) {
    references.changed(now);
    states.keySet().removeIf(name -> now.family(name) == null);
    metrics.retain(now);
  }

  private List<ModelVariant> eligible(ModelFamily family, VariantUse use, FamilyTerms terms) {
    List<ModelVariant> usable =
        switch (use) {
          case ALONE -> family.variants();
          case COMPARED -> references.comparable(family);
        };
    List<ModelVariant> eligible = new ArrayList<>(usable.size());
    for (ModelVariant variant : usable) {
      if (variant.quality() >= terms.minQuality()) {
        eligible.add(variant);
      }
    }
    if (eligible.isEmpty()) {
      throw new GatewayException(
          ErrorCode.QUALITY_UNAVAILABLE,
          "%s: %s (expected: <= %s, of '%s', the best variant of family '%s' that is ready)"
              .formatted(
                  HeaderNames.MIN_QUALITY,
                  terms.minQuality(),
                  usable.getFirst().quality(),
                  usable.getFirst().model(),
                  family.name()));
    }
    return eligible;
  }

  private static VariantEstimate soonest(List<VariantEstimate> passedOver, VariantEstimate last) {
    VariantEstimate soonest = last;
    for (VariantEstimate other : passedOver) {
      if (other.hasRoom() && (!soonest.hasRoom() || other.nanos() < soonest.nanos())) {
        soonest = other;
      }
    }
    return soonest;
  }

  private static GatewayException unreachable(FamilyTerms terms, VariantEstimate soonest) {
    return new GatewayException(
        ErrorCode.BUDGET_UNREACHABLE,
        "%s: %d (expected: >= %d, of family '%s' '%s' answers soonest and has %d requests ahead)"
            .formatted(
                HeaderNames.LATENCY_BUDGET_MILLIS,
                terms.budgetNanos() / 1_000_000,
                Math.ceilDiv(soonest.nanos(), 1_000_000),
                soonest.variant().family(),
                soonest.variant().model(),
                soonest.ahead()));
  }

  private static String names(List<ModelVariant> variants) {
    return String.join(", ", variants.stream().map(ModelVariant::model).toList());
  }
}
