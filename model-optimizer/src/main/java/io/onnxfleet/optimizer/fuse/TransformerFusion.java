package io.onnxfleet.optimizer.fuse;

import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.pass.GraphPass;
import io.onnxfleet.optimizer.pass.PassReport;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Replaces what a transformer encoder is made of by the operators that ONNX Runtime has for it,
 * where its own optimisation does not: attention, embeddings, normalization of sums, activations
 * with their bias. A part that does not look as expected stays as it is.
 */
public final class TransformerFusion implements GraphPass {
  private final Target target;

  /** What the fused model is for. */
  public enum Target {
    /** It stays as it is. */
    FP32,
    /** It becomes 8-bit next: embeddings stay separate, so that their tables can. */
    INT8
  }

  /**
   * What was done.
   *
   * @param made how many of which operator
   */
  public record Outcome(Map<String, Integer> made) implements PassReport {
    public Outcome {
      made = Collections.unmodifiableMap(new LinkedHashMap<>(made));
    }

    @Override
    public List<String> lines() {
      return List.of("fused: " + made);
    }

    @Override
    public boolean changed() {
      return !made.isEmpty();
    }
  }

  public TransformerFusion(Target target) {
    this.target = target;
  }

  @Override
  public String name() {
    return "fuse";
  }

  @Override
  public Map<String, Object> parameters() {
    return Map.of("target", target);
  }

  @Override
  public Outcome apply(OnnxModel model) {
    List<Fusion> fusions =
        new ArrayList<>(
            List.of(new LayerNormalizationFusion(), new GeluFusion(), new AttentionFusion()));
    fusions.add(new AttentionFusion.Biases());
    fusions.add(new PackedAttentionFusion());
    if (target == Target.FP32) {
      fusions.add(new EmbeddingFusion());
    }
    fusions.add(new SkipLayerNormalizationFusion());
    Region region = new Region(model.graph());
    Map<String, Integer> made = new LinkedHashMap<>();
    for (Fusion fusion : fusions) {
      int count = fusion.apply(region);
      model.graph().removeUnused();
      if (count > 0) {
        made.put(fusion.result(), count);
      }
    }
    Set<String> domains = Set.copyOf(model.graph().nodes().stream().map(Node::domain).toList());
    if (domains.contains(Node.MICROSOFT_DOMAIN)) {
      model.use(Node.MICROSOFT_DOMAIN, 1);
    }
    return new Outcome(made);
  }
}
