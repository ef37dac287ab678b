package io.onnxfleet.engine.runtime;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Which execution providers the nodes of a graph went to. The runtime leaves to the CPU what an
 * accelerator has no kernel for, and what it holds to be faster there, such as shapes.
 *
 * <p>Nodes are counted when the graph is parted, before later optimisations fuse some of them.
 *
 * @param nodes how many each provider has, by the runtime's name for it; empty if not known
 * @param onCpu the operators among those of the CPU, and how many nodes each has
 */
public record NodePlacement(SortedMap<String, Integer> nodes, SortedMap<String, Integer> onCpu) {
  /** Of a session that did not record it. */
  public static final NodePlacement UNKNOWN = new NodePlacement(new TreeMap<>(), new TreeMap<>());

  static final String CPU = "CPUExecutionProvider";

  private static final int MOST_OPERATORS_SHOWN = 8;

  public NodePlacement {
    nodes = Collections.unmodifiableSortedMap(new TreeMap<>(nodes));
    onCpu = Collections.unmodifiableSortedMap(new TreeMap<>(onCpu));
  }

  /** All nodes of the graph and of the graphs inside it. */
  public int total() {
    return nodes.values().stream().mapToInt(Integer::intValue).sum();
  }

  /** Those that the CPU runs. */
  public int cpuNodes() {
    return nodes.getOrDefault(CPU, 0);
  }

  /** For people: {@code 12 of 430 nodes on the CPU: 7 Shape, 5 Gather}; empty if not known. */
  public String describe() {
    if (total() == 0) {
      return "";
    }
    String operators =
        onCpu.entrySet().stream()
            .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
            .limit(MOST_OPERATORS_SHOWN)
            .map(of -> of.getValue() + " " + of.getKey())
            .collect(Collectors.joining(", "));
    String more = onCpu.size() > MOST_OPERATORS_SHOWN ? ", ..." : "";
    return "%d of %d nodes on the CPU%s"
        .formatted(cpuNodes(), total(), operators.isEmpty() ? "" : ": " + operators + more);
  }
}
