package io.onnxfleet.contract.json;

/** What {@link JsonScanner} finds. */
public enum JsonToken {
  /** Nothing was read yet. */
  NOT_AVAILABLE,
  START_OBJECT,
  END_OBJECT,
  START_ARRAY,
  END_ARRAY,
  PROPERTY_NAME,
  VALUE_STRING,
  VALUE_NUMBER_INT,
  VALUE_NUMBER_FLOAT,
  VALUE_TRUE,
  VALUE_FALSE,
  VALUE_NULL;

  /** Whether an object or an array begins. */
  public boolean isStructStart() {
    return this == START_OBJECT || this == START_ARRAY;
  }

  /** Whether an object or an array ends. */
  public boolean isStructEnd() {
    return this == END_OBJECT || this == END_ARRAY;
  }
}
