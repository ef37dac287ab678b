package io.onnxfleet.gateway.rollout;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.Replica;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;

/**
 * The plans that are followed, by model.
 *
 * <p>Guarantees:
 *
 * <ul>
 *   <li>Requests of one {@link HeaderNames#ROLLOUT_KEY} are answered by the same side while the
 *       plan stays, and by the candidate still if its weight grows. Others are drawn.
 *   <li>What is not READY gets nothing: the other side answers.
 *   <li>A request that names a version is nobody's rollout.
 * </ul>
 *
 * <p>Safe for use by many threads; never blocks. Bounded by what administrators put in.
 */
public final class Rollouts {

  /** The header by which requests belong together. */
  private static final Logger LOGGER = LoggerFactory.getLogger(Rollouts.class);

  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;
  private static final double UNIT = 0x1p-53;

  private final Supplier<Fleet> fleet;
  private final RolloutProperties properties;
  private final RolloutMetrics metrics;
  private final DoubleSupplier random;
  private final LongSupplier nanoClock;
  private final Map<String, Rollout> rollouts = new ConcurrentHashMap<>();

  /**
   * Follows the configured plans.
   *
   * @param random 0 to 1, exclusively
   */
  Rollouts(
      Supplier<Fleet> fleet,
      RolloutProperties properties,
      RolloutMetrics metrics,
      DoubleSupplier random,
      LongSupplier nanoClock) {
    this.fleet = fleet;
    this.properties = properties;
    this.metrics = metrics;
    this.random = random;
    this.nanoClock = nanoClock;
    properties.plans().forEach(this::put);
  }

  /** Which side answers a request for the model; null if nothing is rolled out. */
  public @Nullable Assignment assign(ModelReference asked, HttpHeaders headers) {
    Rollout rollout = asked.version() == null ? rollouts.get(asked.name()) : null;
    if (rollout == null) {
      return null;
    }
    RolloutPlan plan = rollout.plan();
    boolean hasCandidate = isReady(plan.candidateModel());
    if (hasCandidate && !isReady(plan.stableModel())) {
      return new Assignment(rollout, Arm.CANDIDATE, plan.candidateModel(), false);
    }
    if (hasCandidate && drawn(plan, headers.getFirst(HeaderNames.ROLLOUT_KEY)) < plan.weight()) {
      return new Assignment(rollout, Arm.CANDIDATE, plan.candidateModel(), false);
    }
    boolean isShadowed = hasCandidate && plan.shadow() > 0 && random.getAsDouble() < plan.shadow();
    return new Assignment(rollout, Arm.STABLE, plan.stableModel(), isShadowed);
  }

  /** Follows the plan from now on; what was seen under an earlier one is forgotten. */
  public void put(RolloutPlan plan) {
    rollouts.put(plan.model(), new Rollout(plan, properties, metrics, nanoClock));
    metrics.follows(plan.model(), this::weight);
    LOGGER.info("model '{}' is rolled out: {}", plan.model(), plan);
  }

  /** Ends the rollout of the model; false if there is none. */
  public boolean remove(String model) {
    boolean isKnown = rollouts.remove(model) != null;
    if (isKnown) {
      metrics.forget(model);
      LOGGER.info("model '{}' is rolled out no longer", model);
    }
    return isKnown;
  }

  /** All of them, by name of the model. */
  public List<Rollout> all() {
    return rollouts.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(Map.Entry::getValue)
        .toList();
  }

  private double weight(String model) {
    Rollout rollout = rollouts.get(model);
    return rollout == null ? 0 : rollout.plan().weight();
  }

  private boolean isReady(ModelReference model) {
    for (Replica replica : fleet.get().serving(model)) {
      if (replica.hasReady(model)) {
        return true;
      }
    }
    return false;
  }

  private double drawn(RolloutPlan plan, @Nullable String key) {
    return key == null ? random.getAsDouble() : hashed(plan.model() + '\n' + key);
  }

  /** FNV-1a, its bits mixed as MurmurHash3 ends, as a number from 0 to 1. */
  private static double hashed(String text) {
    long hash = FNV_OFFSET;
    for (byte part : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (part & 0xff)) * FNV_PRIME;
    }
    hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
    hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return ((hash ^ (hash >>> 33)) >>> 11) * UNIT;
  }
}
