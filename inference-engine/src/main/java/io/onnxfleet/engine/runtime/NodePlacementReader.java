package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.TreeMap;

/** Asks a session that recorded it where its nodes went. Lives for one reading. */
final class NodePlacementReader {
  /** The session's configuration entry that makes it record. */
  static final String RECORD = "session.record_ep_graph_assignment_info";

  private final OrtApi api;
  private final MemorySegment list;
  private final MemorySegment count;
  private final MemorySegment text;

  NodePlacementReader(OrtApi api, Arena scratch) {
    this.api = api;
    list = scratch.allocate(ADDRESS);
    count = scratch.allocate(JAVA_LONG);
    text = scratch.allocate(ADDRESS);
  }

  NodePlacement read(MemorySegment session) {
    TreeMap<String, Integer> nodes = new TreeMap<>();
    TreeMap<String, Integer> onCpu = new TreeMap<>();
    for (MemorySegment subgraph : elements(OrtFunction.SESSION_GET_ASSIGNMENT, session)) {
      String provider = text(OrtFunction.ASSIGNED_SUBGRAPH_PROVIDER, subgraph);
      MemorySegment[] assigned = elements(OrtFunction.ASSIGNED_SUBGRAPH_NODES, subgraph);
      nodes.merge(provider, assigned.length, Integer::sum);
      if (provider.equals(NodePlacement.CPU)) {
        for (MemorySegment node : assigned) {
          onCpu.merge(text(OrtFunction.ASSIGNED_NODE_OPERATOR, node), 1, Integer::sum);
        }
      }
    }
    return new NodePlacement(nodes, onCpu);
  }

  private MemorySegment[] elements(OrtFunction function, MemorySegment of) {
    api.call(function, of, list, count);
    int size = Math.toIntExact(count.get(JAVA_LONG, 0));
    MemorySegment[] elements = new MemorySegment[size];
    MemorySegment array = OrtApi.sized(list.get(ADDRESS, 0), size * ADDRESS.byteSize());
    for (int index = 0; index < size; index++) {
      elements[index] = array.getAtIndex(ADDRESS, index);
    }
    return elements;
  }

  private String text(OrtFunction function, MemorySegment of) {
    api.call(function, of, text);
    return OrtApi.string(text.get(ADDRESS, 0));
  }
}
