package io.onnxfleet.optimizer.hub;

import io.onnxfleet.optimizer.OptimizerException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model on a hub.
 *
 * @param owner whose it is
 * @param name of the model
 * @param revision a branch, a tag or a commit
 */
public record HubReference(String owner, String name, String revision) {
  /** Begins one. */
  public static final String SCHEME = "hf://";

  private static final String PART = "[A-Za-z0-9][A-Za-z0-9._-]{0,95}";
  private static final Pattern FORM =
      Pattern.compile(
          "hf://(" + PART + ")/(" + PART + ")(?:@([A-Za-z0-9][A-Za-z0-9._/-]{0,200}))?");
  private static final String DEFAULT_REVISION = "main";

  /**
   * Reads {@code hf://ORG/NAME[@REVISION]}.
   *
   * @throws OptimizerException if it is none
   */
  public static HubReference parse(String text) {
    Matcher parts = FORM.matcher(text);
    if (!parts.matches() || text.contains("..")) {
      throw new OptimizerException("'%s' (expected: hf://ORG/NAME[@REVISION])".formatted(text));
    }
    String revision = parts.group(3);
    return new HubReference(
        parts.group(1), parts.group(2), revision == null ? DEFAULT_REVISION : revision);
  }

  /** As hubs call it. */
  public String id() {
    return owner + "/" + name;
  }

  /** The same model at another revision. */
  public HubReference at(String other) {
    return new HubReference(owner, name, other);
  }

  @Override
  public String toString() {
    return SCHEME + id() + "@" + revision;
  }
}
