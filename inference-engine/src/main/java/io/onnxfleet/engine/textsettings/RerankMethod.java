package io.onnxfleet.engine.textsettings;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** How a model that makes vectors tells how relevant a document is to a query. */
public enum RerankMethod {
  /** By the cosine of query's and document's vectors. */
  COSINE("cosine"),

  /** By the tokens of the document that are nearest to each token of the query. */
  LATE_INTERACTION("late-interaction");

  private final String label;

  RerankMethod(String label) {
    this.label = label;
  }

  /** Its name in parameters and requests. */
  public String label() {
    return label;
  }

  /** By its name; empty if it is none. */
  public static Optional<RerankMethod> of(String label) {
    return Arrays.stream(values()).filter(each -> each.label.equals(label)).findFirst();
  }

  /** The names that are known, for messages. */
  public static List<String> labels() {
    return Arrays.stream(values()).map(RerankMethod::label).toList();
  }
}
