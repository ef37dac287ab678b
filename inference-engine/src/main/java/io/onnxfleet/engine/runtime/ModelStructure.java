package io.onnxfleet.engine.runtime;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Looks through a model file before the runtime does, for the few things that a file of a kilobyte
 * can do to the whole process: a function that calls itself ends in a native stack overflow, and
 * functions that call functions, or subgraphs in subgraphs, are opened in exponential time.
 *
 * <p>A file that cannot be read as a model is let pass, since the runtime says better what is wrong
 * with it. Reads nodes only and skips weights. Not thread-safe; lives for one check.
 */
final class ModelStructure {
  /** The runtime's time to open subgraphs doubles with each level. */
  static final int MAX_NESTING = 16;

  static final int MAX_CALL_DEPTH = 100;

  /** Nodes with all functions expanded; large language models have some ten thousand. */
  static final long MAX_NODES = 1_000_000;

  private final Body graph = new Body();
  private final Map<String, Body> functions = new HashMap<>();
  private final Map<String, Long> expandedSizes = new HashMap<>();
  private final Set<String> underWay = new HashSet<>();

  private ModelStructure() {}

  /**
   * Refuses a model that would not open in reasonable time, or not at all.
   *
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} and the reason
   */
  static void check(Path modelFile) {
    ModelStructure structure = new ModelStructure();
    try (InputStream file = Files.newInputStream(modelFile)) {
      structure.readModel(CodedInputStream.newInstance(file, 1 << 16));
    } catch (IOException noModel) {
      return;
    }
    if (!structure.functions.isEmpty()) {
      structure.requireBounded();
    }
  }

  // Field numbers are those of ONNX's ModelProto, GraphProto, FunctionProto and so on.

  private void readModel(CodedInputStream in) throws IOException {
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (isMessage(tag, 7)) {
        int outer = enter(in);
        readGraph(in, graph, 0);
        in.popLimit(outer);
      } else if (isMessage(tag, 25)) {
        int outer = enter(in);
        readFunction(in);
        in.popLimit(outer);
      } else if (!in.skipField(tag)) {
        return;
      }
    }
  }

  private void readFunction(CodedInputStream in) throws IOException {
    Body body = new Body();
    String name = "";
    String domain = "";
    String overload = "";
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (isMessage(tag, 1)) {
        name = in.readString();
      } else if (isMessage(tag, 10)) {
        domain = in.readString();
      } else if (isMessage(tag, 13)) {
        overload = in.readString();
      } else if (isMessage(tag, 7)) {
        readNode(in, body, 0);
      } else {
        in.skipField(tag);
      }
    }
    functions.put(key(domain, name, overload), body);
  }

  private void readGraph(CodedInputStream in, Body body, int nesting) throws IOException {
    if (nesting > MAX_NESTING) {
      throw refused("graphs are nested more than %d deep (expected at most that)", MAX_NESTING);
    }
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (isMessage(tag, 1)) {
        readNode(in, body, nesting);
      } else {
        in.skipField(tag);
      }
    }
  }

  private void readNode(CodedInputStream in, Body body, int nesting) throws IOException {
    int outer = enter(in);
    String operator = "";
    String domain = "";
    String overload = "";
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (isMessage(tag, 4)) {
        operator = in.readString();
      } else if (isMessage(tag, 7)) {
        domain = in.readString();
      } else if (isMessage(tag, 8)) {
        overload = in.readString();
      } else if (isMessage(tag, 5)) {
        readAttribute(in, body, nesting);
      } else {
        in.skipField(tag);
      }
    }
    in.popLimit(outer);
    body.calls.merge(key(domain, operator, overload), 1L, Long::sum);
  }

  private void readAttribute(CodedInputStream in, Body body, int nesting) throws IOException {
    int outer = enter(in);
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (isMessage(tag, 6) || isMessage(tag, 11)) {
        int attribute = enter(in);
        readGraph(in, body, nesting + 1);
        in.popLimit(attribute);
      } else {
        in.skipField(tag);
      }
    }
    in.popLimit(outer);
  }

  private void requireBounded() {
    for (String function : functions.keySet()) {
      expandedSize(function, 0);
    }
    sizeOf(graph, 0);
  }

  private long expandedSize(String function, int depth) {
    Long known = expandedSizes.get(function);
    if (known != null) {
      return known;
    }
    Body body = functions.get(function);
    if (body == null) {
      return 1;
    }
    if (depth > MAX_CALL_DEPTH) {
      throw refused("functions call each other more than %d deep", MAX_CALL_DEPTH);
    }
    if (!underWay.add(function)) {
      throw refused("the function %s calls itself", function);
    }
    long size = sizeOf(body, depth + 1);
    underWay.remove(function);
    expandedSizes.put(function, size);
    return size;
  }

  /** Adds the sizes up without overflow, since every single one is bounded. */
  private long sizeOf(Body body, int depth) {
    long size = 0;
    for (Map.Entry<String, Long> call : body.calls.entrySet()) {
      size += call.getValue() * expandedSize(call.getKey(), depth);
      if (size > MAX_NODES) {
        throw refused(
            "functions expand to more than %d nodes (expected at most that many)", MAX_NODES);
      }
    }
    return size;
  }

  private static boolean isMessage(int tag, int field) {
    return tag == (field << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED);
  }

  private static int enter(CodedInputStream in) throws IOException {
    return in.pushLimit(in.readRawVarint32());
  }

  private static String key(String domain, String name, String overload) {
    String place = domain.isEmpty() ? name : domain + "." + name;
    return overload.isEmpty() ? place : place + ":" + overload;
  }

  private static InferenceException refused(String format, Object argument) {
    return new InferenceException(ErrorCode.MODEL_LOAD_FAILED, format.formatted(argument));
  }

  /** How often each operator or function stands in a graph, its subgraphs included. */
  private static final class Body {
    private final Map<String, Long> calls = new HashMap<>();
  }
}
