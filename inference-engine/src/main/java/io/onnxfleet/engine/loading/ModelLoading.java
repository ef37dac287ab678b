package io.onnxfleet.engine.loading;

import io.onnxfleet.engine.instance.InstanceGroup;
import io.onnxfleet.engine.loading.child.TrialOptions;
import io.onnxfleet.engine.loading.child.TrialVersionLoader;
import io.onnxfleet.engine.loading.open.KeptFiles;
import io.onnxfleet.engine.loading.open.SessionVersionLoader;
import io.onnxfleet.engine.loading.open.VersionLoader;
import io.onnxfleet.engine.loading.rows.RowProofs;
import io.onnxfleet.engine.loading.threads.InstancePlan;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.notes.Evidence;
import io.onnxfleet.engine.notes.ModelNotes;
import io.onnxfleet.engine.notes.UnmergeableModels;
import io.onnxfleet.engine.repository.config.VersionLimits;
import io.onnxfleet.engine.runtime.ModelSessionFactory;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/**
 * How a version comes to serve. Each of these steps is a loader that surrounds the next:
 *
 * <ol>
 *   <li>what it answers to merged requests is compared, once it serves
 *   <li>its content is read, and is still the same when it is loaded
 *   <li>it is refused if its content ended a process before
 *   <li>its weights have to fit beside those that are loaded
 *   <li>it is not tried again at once after it failed
 *   <li>if nobody knows it, it is first opened and run in a child process
 *   <li>its sessions are opened and warmed up, and its rows are proven
 * </ol>
 *
 * <p>Thread-safe.
 */
public final class ModelLoading {
  private final BudgetedVersionLoader budgeted;
  private final VersionLoader versions;
  private final Evidence evidence;

  private ModelLoading(BudgetedVersionLoader budgeted, VersionLoader versions, Evidence evidence) {
    this.budgeted = budgeted;
    this.versions = versions;
    this.evidence = evidence;
  }

  /**
   * Versions that are served by sessions.
   *
   * @param limits what bounds versions
   * @param trial what an unknown model has to stand before
   * @param evidence which versions are not loaded, because they ended a process
   * @param unmergeable of what merged requests were seen to be answered wrongly
   */
  public static ModelLoading create(
      ModelSessionFactory sessions,
      InstancePlan plan,
      Limits limits,
      Trial trial,
      Evidence evidence,
      InstanceGroup.Environment environment,
      UnmergeableModels unmergeable) {
    RowProofs proofs = new RowProofs(trial.passed(), sessions, environment.pool(), false);
    VersionLoader open =
        new SessionVersionLoader(
            evidence.marking(sessions),
            plan,
            limits.version(),
            environment,
            trial.kept().copiesFolder(),
            proofs);
    BudgetedVersionLoader budgeted =
        new BudgetedVersionLoader(
            new QuarantiningVersionLoader(
                trial.before(open, plan, proofs, evidence), environment.ticker()),
            limits.memoryBudget(),
            folder -> limits.sharesWeights() ? 1 : plan.mostSessionsFor(folder.config()));
    return new ModelLoading(
        budgeted,
        new WatchingVersionLoader(
            new ContentVersionLoader(new EvidenceVersionLoader(budgeted, evidence)),
            unmergeable,
            SplittableRandom::new,
            environment.samples()::cpuNanos),
        evidence);
  }

  /** The loader that takes all those steps. */
  public VersionLoader versions() {
    return versions;
  }

  /**
   * Has others leave where a model does not fit.
   *
   * @param maker has one leave for the model named; false if none may
   */
  public void roomMaker(Predicate<String> maker) {
    budgeted.roomMaker(maker);
  }

  /** Tells who takes quarantined versions away; told with the reason for the index. */
  public void onQuarantine(BiConsumer<ModelVersionId, String> listener) {
    evidence.onQuarantine(listener);
  }

  /**
   * What an unknown model has to stand before it is loaded.
   *
   * @param passed where it is noted what has passed
   * @param kept where its optimised graph and the copy that it is opened from are put
   */
  public record Trial(TrialOptions options, ModelNotes passed, KeptFiles kept) {
    /** None. */
    public static final Trial NONE =
        new Trial(TrialOptions.off(), ModelNotes.inMemory(), KeptFiles.NO_GRAPHS);

    private VersionLoader before(
        VersionLoader loader, InstancePlan plan, RowProofs proofs, Evidence evidence) {
      return options.enabled()
          ? new TrialVersionLoader(loader, options, plan, passed, proofs, kept, evidence)
          : loader;
    }
  }

  /**
   * What bounds versions.
   *
   * @param version each of them
   * @param memoryBudget bytes that the weights of all versions may take up
   * @param sharesWeights whether the sessions of a version have one copy of them together
   */
  public record Limits(VersionLimits version, long memoryBudget, boolean sharesWeights) {}
}
