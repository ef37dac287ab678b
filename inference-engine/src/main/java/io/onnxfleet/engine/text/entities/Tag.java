package io.onnxfleet.engine.text.entities;

/**
 * What a label of BIO, BIOES or BILOU says of a token.
 *
 * @param kind of the entity
 * @param begins true if another entity ends before it
 * @param ends true if another entity begins behind it
 */
record Tag(String kind, boolean begins, boolean ends) {
  static final String OUTSIDE = "O";

  /** A label without a known letter before a hyphen is a kind itself. */
  static Tag of(String label) {
    if (label.length() < 3 || label.charAt(1) != '-') {
      return new Tag(label, false, false);
    }
    String kind = label.substring(2);
    return switch (label.charAt(0)) {
      case 'B' -> new Tag(kind, true, false);
      case 'I', 'M' -> new Tag(kind, false, false);
      case 'E', 'L' -> new Tag(kind, false, true);
      case 'S', 'U' -> new Tag(kind, true, true);
      default -> new Tag(label, false, false);
    };
  }

  boolean isOutside() {
    return kind.equals(OUTSIDE);
  }

  /** Whether both belong to one entity. */
  boolean continues(Tag before) {
    return !begins && !before.ends && kind.equals(before.kind);
  }
}
