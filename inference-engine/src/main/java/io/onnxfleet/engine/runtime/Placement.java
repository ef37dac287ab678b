package io.onnxfleet.engine.runtime;

import java.util.List;

/**
 * Where a session was placed.
 *
 * @param notes why each provider that was preferred was passed over
 */
record Placement(ExecutionProvider provider, List<String> notes) {
  Placement {
    notes = List.copyOf(notes);
  }
}
