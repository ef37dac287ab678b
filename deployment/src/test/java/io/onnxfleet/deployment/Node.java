package io.onnxfleet.deployment;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.ToNumberPolicy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * A value of a YAML document, found by its path; absent values are nodes too.
 *
 * @param value a map, a list, a scalar, or null where there is none
 */
record Node(@Nullable Object value) {
  static List<Node> ofYaml(String text) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    List<Node> documents = new ArrayList<>();
    for (Object document : new Yaml(new SafeConstructor(options)).loadAll(text)) {
      documents.add(new Node(document));
    }
    return documents;
  }

  static Node ofJson(String text) {
    Gson gson = new GsonBuilder().setObjectToNumberStrategy(ToNumberPolicy.LONG_OR_DOUBLE).create();
    return new Node(gson.fromJson(text, Object.class));
  }

  /** By names and list positions, separated by slashes. */
  Node at(String path) {
    Object found = value;
    for (String step : path.split("/", -1)) {
      if (found instanceof Map<?, ?> map) {
        found = map.get(step);
      } else if (found instanceof List<?> list && step.matches("\\d+")) {
        int position = Integer.parseInt(step);
        found = position < list.size() ? list.get(position) : null;
      } else {
        found = null;
      }
    }
    return new Node(found);
  }

  /** A member whose name may hold anything. */
  Node member(String name) {
    return new Node(value instanceof Map<?, ?> map ? map.get(name) : null);
  }

  /**
   * A copy without some members of the map at the path, and without that map if it is then empty.
   */
  Node without(String path, List<String> members) {
    int slash = path.indexOf('/');
    String step = slash < 0 ? path : path.substring(0, slash);
    Map<Object, Object> copy = new LinkedHashMap<>(map());
    Node child = member(step);
    if (child.isPresent()) {
      Map<Object, Object> changed;
      if (slash < 0) {
        changed = new LinkedHashMap<>(child.map());
        members.forEach(changed::remove);
      } else {
        changed = new LinkedHashMap<>(child.without(path.substring(slash + 1), members).map());
      }
      if (changed.isEmpty()) {
        copy.remove(step);
      } else {
        copy.put(step, changed);
      }
    }
    return new Node(copy);
  }

  boolean isPresent() {
    return value != null;
  }

  String text() {
    return String.valueOf(value);
  }

  long number() {
    return value instanceof Number number ? number.longValue() : Long.parseLong(text());
  }

  /** A list's elements; none if it is no list. */
  List<Node> elements() {
    List<Node> elements = new ArrayList<>();
    if (value instanceof List<?> list) {
      list.forEach(element -> elements.add(new Node(element)));
    }
    return elements;
  }

  Map<?, ?> map() {
    return value instanceof Map<?, ?> map ? map : Map.of();
  }

  JsonElement asJson() {
    return new Gson().toJsonTree(value);
  }
}
