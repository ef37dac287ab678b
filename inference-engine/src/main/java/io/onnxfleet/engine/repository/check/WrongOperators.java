package io.onnxfleet.engine.repository.check;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * What ONNX Runtime computes wrongly and without a word: operators whose numbers differ from those
 * that ONNX's own tests store. Such a node is refused by name, because a refusal is seen and a
 * wrong number is not.
 *
 * <p>The table is that of one version of ONNX Runtime, {@link #VERSION}. A test fails when another
 * one is pinned: then {@code benchmarks/onnxruntime-versions.sh} lists what is wrong now.
 */
final class WrongOperators {
  /** The version of ONNX Runtime whose faults these are. */
  static final String VERSION = "1.26.0";

  private static final String ONNX = "";

  /** Attention's inputs and outputs by their places. */
  private static final int MASK = 3;

  private static final int KEYS_THAT_COUNT = 6;
  private static final int PRODUCTS = 3;

  private static final List<Rule> RULES =
      List.of(
          new Rule(
              "Attention",
              node -> node.isSet("softcap") && isMasked(node),
              node -> node.shown("softcap") + " with a mask",
              "the mask is added before the cap, so that masked positions count"),
          new Rule(
              "Attention",
              node -> node.isSet("softcap") && node.hasOutput(PRODUCTS),
              node -> node.shown("softcap") + " with an output of the products",
              "they are taken at another place than qk_matmul_output_mode says"),
          new Rule(
              "Attention",
              node ->
                  node.mayBe("qk_matmul_output_mode", 1)
                      && node.hasOutput(PRODUCTS)
                      && isMasked(node),
              node -> node.shown("qk_matmul_output_mode") + " with a mask",
              "the products come out with the mask in them"),
          new Rule(
              "DFT",
              node -> node.isSet("inverse") && node.isSet("onesided"),
              node -> node.shown("inverse") + " and " + node.shown("onesided"),
              "the output is complex and of another length"),
          new Rule(
              "MaxUnpool",
              node -> node.hasInput(2),
              _ -> "with an output_shape",
              "values are put at places of the smaller shape"));

  private WrongOperators() {}

  private static boolean isMasked(NodeFacts attention) {
    return attention.hasInput(MASK)
        || attention.hasInput(KEYS_THAT_COUNT)
        || attention.isSet("is_causal");
  }

  /**
   * One fault.
   *
   * @param operator of ONNX's own domain
   * @param when which of its nodes are computed wrongly
   * @param what says the values that make it so
   * @param how they are wrong
   */
  private record Rule(
      String operator, Predicate<NodeFacts> when, Function<NodeFacts, String> what, String how) {}

  /** Why a node must not run, or empty if nothing is known against it. */
  static Optional<String> fault(NodeFacts node) {
    if (!node.domain().equals(ONNX) && !node.domain().equals("ai.onnx")) {
      return Optional.empty();
    }
    for (Rule rule : RULES) {
      if (rule.operator.equals(node.operator()) && rule.when.test(node)) {
        return Optional.of(
            "%s: %s, which ONNX Runtime %s computes wrongly: %s (expected: none of these, or the same in other operators)"
                .formatted(node.description(), rule.what.apply(node), VERSION, rule.how));
      }
    }
    return Optional.empty();
  }
}
