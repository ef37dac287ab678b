package io.onnxfleet.gateway.configuration;

import io.onnxfleet.gateway.admission.AdmissionProperties;
import io.onnxfleet.gateway.admission.ConnectionProperties;
import io.onnxfleet.gateway.admission.LimitProperties;
import io.onnxfleet.gateway.aggregate.AdministrationProperties;
import io.onnxfleet.gateway.aggregate.AggregateProperties;
import io.onnxfleet.gateway.balancing.BalancingProperties;
import io.onnxfleet.gateway.cache.CacheProperties;
import io.onnxfleet.gateway.family.FamilyProperties;
import io.onnxfleet.gateway.fleet.FleetProperties;
import io.onnxfleet.gateway.rollout.RolloutProperties;
import io.onnxfleet.gateway.routing.ModelProperties;
import io.onnxfleet.gateway.routing.RoutingProperties;
import io.onnxfleet.gateway.waking.WakingProperties;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;

/**
 * Every key under {@code fleet} that the gateway reads, and the check that nothing else is set: a
 * mistyped key must stop the start, not be ignored.
 *
 * <p>Keys of the fleet's other services and of its build pass, since all may read one file.
 * Environment variables are checked under {@code FLEET_GATEWAY_} only: others of that name belong
 * to scripts.
 */
final class KnownProperties {

  private static final List<Class<? extends Record>> RECORDS =
      List.of(
          AdmissionProperties.class,
          AdministrationProperties.class,
          AggregateProperties.class,
          BalancingProperties.class,
          CacheProperties.class,
          ConnectionProperties.class,
          FamilyProperties.class,
          FleetProperties.class,
          LimitProperties.class,
          ModelProperties.class,
          RolloutProperties.class,
          RoutingProperties.class,
          WakingProperties.class);

  /** The second word of keys that are others' business. */
  private static final List<String> OTHERS =
      List.of("inference", "discovery", "optimizer", "benchmarks", "shared", "root");

  /** Uniform form to canonical form. */
  private final Map<String, String> known = new HashMap<>();

  KnownProperties() {
    for (Class<? extends Record> type : RECORDS) {
      String prefix = type.getAnnotation(ConfigurationProperties.class).prefix();
      for (RecordComponent component : type.getRecordComponents()) {
        String key = prefix + "." + dashed(component.getName());
        known.put(uniform(key), key);
        for (RecordComponent part : partsOfElements(component)) {
          String partKey = key + "." + dashed(part.getName());
          known.put(uniform(partKey), partKey);
        }
      }
    }
  }

  /** Of a list of records, what these consist of. */
  private static RecordComponent[] partsOfElements(RecordComponent component) {
    return component.getGenericType() instanceof ParameterizedType list
            && list.getActualTypeArguments()[0] instanceof Class<?> element
            && element.isRecord()
        ? element.getRecordComponents()
        : new RecordComponent[0];
  }

  /** What is wrong with the keys of the sources, one line each. */
  List<String> complaints(Iterable<PropertySource<?>> sources) {
    List<String> complaints = new ArrayList<>();
    for (PropertySource<?> source : sources) {
      if (source instanceof EnumerablePropertySource<?> enumerable) {
        for (String name : enumerable.getPropertyNames()) {
          if (isOurs(name) && !known.containsKey(uniform(withoutIndexes(name)))) {
            complaints.add(
                "%s: unknown key in %s (nearest known: %s)"
                    .formatted(name, source.getName(), nearest(name)));
          }
        }
      }
    }
    return complaints;
  }

  /** Elements of a list, and what they consist of, are named alike. */
  private static String withoutIndexes(String name) {
    return name.indexOf('[') < 0 ? name : name.replaceAll("\\[\\d+]", "");
  }

  private static boolean isOurs(String name) {
    if (name.startsWith("FLEET_")) {
      return name.startsWith("FLEET_GATEWAY_");
    }
    if (!name.startsWith("fleet.")) {
      return false;
    }
    for (String other : OTHERS) {
      if (name.equals("fleet." + other) || name.startsWith("fleet." + other + ".")) {
        return false;
      }
    }
    return true;
  }

  private String nearest(String name) {
    String wanted = uniform(name);
    String best = "";
    int least = Integer.MAX_VALUE;
    for (Map.Entry<String, String> candidate : known.entrySet()) {
      int distance = distance(wanted, candidate.getKey());
      if (distance < least || (distance == least && candidate.getValue().compareTo(best) < 0)) {
        least = distance;
        best = candidate.getValue();
      }
    }
    return best;
  }

  /** Spring's relaxed names agree once case, dots, dashes and underscores are gone. */
  private static String uniform(String name) {
    StringBuilder letters = new StringBuilder(name.length());
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c != '.' && c != '-' && c != '_') {
        letters.append(c);
      }
    }
    return letters.toString().toLowerCase(Locale.ROOT);
  }

  private static String dashed(String camelCase) {
    StringBuilder dashed = new StringBuilder();
    for (int i = 0; i < camelCase.length(); i++) {
      char c = camelCase.charAt(i);
      if (Character.isUpperCase(c)) {
        dashed.append('-');
      }
      dashed.append(Character.toLowerCase(c));
    }
    return dashed.toString();
  }

  /** Levenshtein's edit distance. */
  private static int distance(String a, String b) {
    int[] last = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      last[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] row = new int[b.length() + 1];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int substituted = last[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(substituted, Math.min(last[j], row[j - 1]) + 1);
      }
      last = row;
    }
    return last[b.length()];
  }
}
