package io.onnxfleet.contract.json;

import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Strict JSON (RFC 8259, UTF-8) token by token, for bodies that are mostly numbers: a number is
 * read from the bytes where they lie, without an object, and so is a string until somebody asks for
 * it.
 *
 * <p>What a token is stays valid until the next one. Anything but JSON ends in what {@link
 * JsonRefusal} makes of it, which says where. The effort grows with the length of the source,
 * whatever stands in it. Memory is one buffer of a few times {@link #LONGEST_TEXT}: a longer key or
 * string is refused before it is there as a whole. It is passed over where nobody wants it ({@link
 * #skipValue}), written away as it comes where it is an element ({@link #stringsTo}), and only what
 * is captured is held. Not thread-safe.
 */
public final class JsonScanner {
  /** Objects and arrays within each other; a tensor has far fewer dimensions. */
  public static final int MAX_DEPTH = 100;

  /** How numbers travel that JSON does not have. */
  public static final String BINARY_FORM = "binary data: the input's parameter binary_data_size";

  /** Bytes of a key, of a name or of any other string that is no element of a tensor. */
  public static final int LONGEST_TEXT = 16 << 10;

  private static final int BUFFER = 16 << 10;

  /** A pair of surrogates, each as an escape. */
  private static final int LONGEST_ESCAPE = 12;

  /** Characters that are decoded at a time to see that they are any. */
  private static final int DECODED = 1 << 10;

  private static final int SMALLEST_BUFFER = 64;

  /** Digits and all; nothing that is a number has more. */
  private static final int LONGEST_NUMBER = 1000;

  /** That many digits always fit 64 bits. */
  private static final int MOST_DIGITS = 19;

  /** So many numbers are not worth a step of their own. */
  private static final int FEW = 8;

  /** Python, JavaScript and others write these where a number is missing or infinite. */
  private static final Pattern NO_FINITE_NUMBER =
      Pattern.compile("[+-]?(?:nan|inf(?:inity)?)\\b", Pattern.CASE_INSENSITIVE);

  private static final int LONGEST_WORD = "-Infinity".length() + 1;

  private static final int END = -1;
  private static final int INCOMPLETE = -1;

  /** Nobody needs to tell exponents beyond this apart. */
  private static final int LARGEST_EXPONENT = 100_000;

  private final @Nullable InputStream source;
  private final JsonRefusal refusal;

  // INVARIANT: buffer[limit] is 0, which is no part of any token, so that loops end there.
  private byte[] buffer;
  private int position;
  private int limit;

  /** Bytes of the source before the buffer. */
  private long before;

  private long line = 1;
  private long lineStart;

  private final BitSet objects = new BitSet();
  private int depth;
  private boolean inObject;
  private boolean empty = true;
  private boolean named;
  private boolean ended;

  private JsonToken token = JsonToken.NOT_AVAILABLE;
  private int tokenStart;

  /** The current key; its bytes may have moved. */
  private @Nullable String kept;

  // The current string without quotes and escapes, number or literal.
  private byte[] text;
  private int textStart;
  private int textEnd;
  private boolean halfSurrogate;

  // The current number is significand * 10^exponent, and more if digits were left out.
  private boolean negative;
  private boolean integral;
  private long significand;
  private int digits;
  private int exponent;
  private boolean more;

  private @Nullable PlainFloats floats;

  /** Where strings go as they come; null if they are kept. */
  private @Nullable ByteSink strings;

  private boolean skips;

  private @Nullable ByteSink captured;
  private int captureFrom;

  /** Reads a source to its end. */
  public JsonScanner(InputStream source, long lengthAtMost, JsonRefusal refusal) {
    this.source = source;
    this.refusal = refusal;
    buffer = new byte[(int) Math.max(SMALLEST_BUFFER, Math.min(lengthAtMost + 2, BUFFER))];
    text = buffer;
  }

  /** Reads the first bytes of an array, which is changed behind them. */
  public JsonScanner(byte[] json, int length, JsonRefusal refusal) {
    source = null;
    this.refusal = refusal;
    buffer = json.length > length ? json : Arrays.copyOf(json, length + 1);
    buffer[length] = 0;
    limit = length;
    text = buffer;
  }

  /** The token that was read last. */
  public JsonToken currentToken() {
    return token;
  }

  /** Bytes that were taken from the source and belong to no token yet. */
  public int buffered() {
    return limit - position;
  }

  /** True if nothing but white space is left. */
  public boolean atEnd() throws IOException {
    return significant() == END;
  }

  /** The next token. */
  public JsonToken nextToken() throws IOException {
    int next = significant();
    if (depth == 0) {
      if (ended) {
        throw unexpected(next, "the end");
      }
    } else if (named) {
      named = false;
      return value(next);
    } else if (next == (inObject ? '}' : ']')) {
      return leave();
    } else {
      if (!empty) {
        if (next != ',') {
          throw unexpected(next, inObject ? "',' or '}'" : "',' or ']'");
        }
        position++;
        next = significant();
      }
      empty = false;
      if (inObject) {
        return name(next);
      }
    }
    return value(next);
  }

  /** The next key of an object; null at the object's end. */
  public @Nullable String nextName() throws IOException {
    return nextToken() == JsonToken.PROPERTY_NAME ? string() : null;
  }

  private JsonToken name(int next) throws IOException {
    if (next != '"') {
      throw unexpected(next, "a key in quotes");
    }
    readString();
    // The key's bytes may move when more are read, and nobody asked for them yet.
    String key = string();
    int colon = significant();
    if (colon != ':') {
      throw unexpected(colon, "':'");
    }
    position++;
    named = true;
    kept = key;
    token = JsonToken.PROPERTY_NAME;
    return JsonToken.PROPERTY_NAME;
  }

  private JsonToken value(int next) throws IOException {
    kept = null;
    halfSurrogate = false;
    JsonToken read =
        switch (next) {
          case '[', '{' -> enter(next == '{');
          case '"' -> {
            readStringValue();
            yield JsonToken.VALUE_STRING;
          }
          case 't' -> literal("true", JsonToken.VALUE_TRUE);
          case 'f' -> literal("false", JsonToken.VALUE_FALSE);
          case 'n' -> literal("null", JsonToken.VALUE_NULL);
          case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' -> number();
          default -> throw notJson(position, next, "a value");
        };
    ended |= depth == 0;
    token = read;
    return read;
  }

  private JsonToken enter(boolean object) {
    if (depth == MAX_DEPTH) {
      throw failure(position, "arrays and objects within each other (expected: <= %d)", depth);
    }
    position++;
    objects.set(depth++, object);
    inObject = object;
    empty = true;
    return object ? JsonToken.START_OBJECT : JsonToken.START_ARRAY;
  }

  private JsonToken leave() {
    kept = null;
    position++;
    token = inObject ? JsonToken.END_OBJECT : JsonToken.END_ARRAY;
    depth--;
    inObject = depth > 0 && objects.get(depth - 1);
    empty = false;
    ended |= depth == 0;
    return token;
  }

  private JsonToken literal(String word, JsonToken meaning) throws IOException {
    for (int index = 0; index < word.length(); index++) {
      if (position + index == limit && !readMore()) {
        throw unexpected(END, word);
      }
      if (buffer[position + index] != word.charAt(index)) {
        throw notJson(position + index, buffer[position + index] & 0xFF, word);
      }
    }
    text = buffer;
    textStart = position;
    textEnd = position + word.length();
    tokenStart = position;
    position = textEnd;
    return meaning;
  }

  /**
   * Passes over the next value, whatever is in it and however long it is.
   *
   * @return the token that it began with
   */
  public JsonToken skipValue() throws IOException {
    skips = true;
    try {
      JsonToken first = nextToken();
      int outside = depth - 1;
      while (first.isStructStart() && depth > outside) {
        nextToken();
      }
      return first;
    } finally {
      skips = false;
    }
  }

  // Strings

  /**
   * From now on values that are strings go to the sink as they come, as elements of BYTES do: four
   * bytes of length, then the text. Neither {@link #string()} nor {@link #capture} sees them.
   *
   * @param sink null to keep them again
   */
  public void stringsTo(@Nullable ByteSink sink) {
    strings = sink;
  }

  private void readStringValue() throws IOException {
    ByteSink target = strings;
    if (skips || captured != null) {
      passString(null);
    } else if (target == null) {
      readString();
    } else {
      int start = target.size();
      target.room(Integer.BYTES);
      target.claim(Integer.BYTES);
      passString(target);
      target.putInt(start, target.size() - start - Integer.BYTES);
    }
  }

  /** Reads a string piece by piece, without keeping it. */
  private void passString(@Nullable ByteSink target) throws IOException {
    long start = before + position;
    int first = target == null ? 0 : target.size();
    ByteSink escapes = target;
    int seen = 0;
    position++;
    while (true) {
      int at = position;
      int next = buffer[at];
      while (next != '"' && next != '\\' && (next < 0 || next >= ' ')) {
        seen |= next;
        next = buffer[++at];
      }
      if (target != null) {
        target.write(buffer, position, at - position);
      }
      position = at;
      if (next == '"') {
        position++;
        break;
      }
      if (next == '\\') {
        while (limit - position < LONGEST_ESCAPE && readMore()) {
          // Until the escape is there as a whole.
        }
        textEnd = limit;
        if (escapes == null) {
          escapes = new ByteSink();
        }
        if (target == null) {
          escapes.clear();
        }
        position = unescape(position + 1, escapes);
      } else if (position < limit) {
        throw failure(position, "control character %d in a string (expected an escape)", next);
      } else if (!readMore()) {
        throw unexpected(END, "the string's end");
      }
    }
    tokenStart = (int) (start - before);
    text = buffer;
    textStart = 0;
    textEnd = 0;
    if (seen < 0 && target != null && !halfSurrogate) {
      requireUnicode(target.array(), first, target.size());
    }
  }

  private void readString() throws IOException {
    int at = position + 1;
    int seen = 0;
    boolean escaped = false;
    halfSurrogate = false;
    while (true) {
      int next = buffer[at];
      if (next == '"') {
        break;
      }
      if (next == '\\') {
        escaped = true;
        at++;
        at = at < limit ? at + 1 : moreOfString(at) + 1;
      } else if (next >= 0 && next < ' ') {
        if (at < limit) {
          throw failure(at, "control character %d in a string (expected an escape)", next);
        }
        at = moreOfString(at);
      } else {
        seen |= next;
        at++;
      }
    }
    requireShort(at);
    text = buffer;
    textStart = position + 1;
    textEnd = at;
    tokenStart = position;
    if (seen < 0) {
      requireUnicode(buffer, textStart, textEnd);
    }
    if (escaped) {
      unescape();
    }
    position = at + 1;
  }

  private void requireShort(int at) {
    if (at - position > LONGEST_TEXT) {
      throw failure(
          position,
          "a string of more than %d bytes (expected: <= %d, but for elements of 'data')",
          LONGEST_TEXT,
          LONGEST_TEXT);
    }
  }

  /** Reads on; the place that was {@code at}. */
  private int moreOfString(int at) throws IOException {
    requireShort(at);
    int length = at - position;
    if (!readMore()) {
      throw unexpected(END, "the string's end");
    }
    return position + length;
  }

  private void requireUnicode(byte[] utf8, int start, int end) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer source = ByteBuffer.wrap(utf8, start, end - start);
    CharBuffer decoded = CharBuffer.allocate(Math.min(DECODED, end - start));
    CoderResult result;
    do {
      result = decoder.decode(source, decoded.clear(), true);
    } while (result.isOverflow());
    if (result.isError()) {
      throw failure(tokenStart, "a string that is not UTF-8 (Input length = %d)", result.length());
    }
  }

  private void unescape() {
    ByteSink plain = new ByteSink();
    int at = textStart;
    while (at < textEnd) {
      int start = at;
      while (at < textEnd && buffer[at] != '\\') {
        at++;
      }
      plain.write(buffer, start, at - start);
      if (at < textEnd) {
        at = unescape(at + 1, plain);
      }
    }
    text = plain.array();
    textStart = 0;
    textEnd = plain.size();
  }

  /** Writes what an escape stands for; the place behind it. */
  private int unescape(int at, ByteSink plain) {
    if (at >= textEnd) {
      throw failure(at, "the end (expected an escape)");
    }
    switch (buffer[at]) {
      case '"', '\\', '/' -> plain.write(buffer[at]);
      case 'b' -> plain.write('\b');
      case 'f' -> plain.write('\f');
      case 'n' -> plain.write('\n');
      case 'r' -> plain.write('\r');
      case 't' -> plain.write('\t');
      case 'u' -> {
        char first = hexadecimal(at + 1);
        boolean pair =
            Character.isHighSurrogate(first)
                && at + 6 < textEnd
                && buffer[at + 5] == '\\'
                && buffer[at + 6] == 'u';
        if (pair) {
          char second = hexadecimal(at + 7);
          if (Character.isLowSurrogate(second)) {
            putUtf8(Character.toCodePoint(first, second), plain);
            return at + 11;
          }
        }
        halfSurrogate |= Character.isSurrogate(first);
        putUtf8(first, plain);
        return at + 5;
      }
      default -> throw failure(at, "escape \\%c (expected one of JSON's)", buffer[at] & 0xFF);
    }
    return at + 1;
  }

  private char hexadecimal(int at) {
    int value = 0;
    for (int index = at; index < at + 4; index++) {
      int digit = index < textEnd ? Character.digit(buffer[index], 16) : -1;
      if (digit < 0) {
        throw failure(index, "escape \\u without four hexadecimal digits");
      }
      value = (value << 4) | digit;
    }
    return (char) value;
  }

  private static void putUtf8(int codePoint, ByteSink target) {
    if (codePoint < 0x80) {
      target.write(codePoint);
    } else if (codePoint < 0x800) {
      target.write(0xC0 | (codePoint >> 6));
      target.write(0x80 | (codePoint & 0x3F));
    } else if (codePoint < 0x10000) {
      target.write(0xE0 | (codePoint >> 12));
      target.write(0x80 | ((codePoint >> 6) & 0x3F));
      target.write(0x80 | (codePoint & 0x3F));
    } else {
      target.write(0xF0 | (codePoint >> 18));
      target.write(0x80 | ((codePoint >> 12) & 0x3F));
      target.write(0x80 | ((codePoint >> 6) & 0x3F));
      target.write(0x80 | (codePoint & 0x3F));
    }
  }

  /** True if the string holds half of a surrogate pair, which no text can. */
  public boolean isHalfSurrogate() {
    return halfSurrogate;
  }

  /** Bytes of the current string without quotes and escapes, in UTF-8. */
  public int textLength() {
    return textEnd - textStart;
  }

  public void writeText(ByteSink target) {
    target.write(text, textStart, textEnd - textStart);
  }

  /**
   * The current key or string without quotes and escapes, or the number or literal, as text.
   *
   * @throws RuntimeException of {@link JsonRefusal} if it is a string with half of a surrogate pair
   */
  public String string() {
    if (halfSurrogate) {
      throw failure(tokenStart, "half of a surrogate pair in a string (expected Unicode text)");
    }
    return kept != null
        ? kept
        : new String(text, textStart, textEnd - textStart, StandardCharsets.UTF_8);
  }

  // Numbers

  private JsonToken number() throws IOException {
    int end = scanNumber(position);
    while (end == INCOMPLETE || end == limit) {
      if (limit - position > LONGEST_NUMBER) {
        throw tooLong();
      }
      if (readMore()) {
        end = scanNumber(position);
      } else if (end == INCOMPLETE) {
        throw unexpectedAt(limit, END, "a digit");
      } else {
        end = limit;
        break;
      }
    }
    if (end - position > LONGEST_NUMBER) {
      throw tooLong();
    }
    text = buffer;
    textStart = position;
    textEnd = end;
    tokenStart = position;
    position = end;
    return integral ? JsonToken.VALUE_NUMBER_INT : JsonToken.VALUE_NUMBER_FLOAT;
  }

  private RuntimeException tooLong() {
    return failure(position, "a number of more than %d characters", LONGEST_NUMBER);
  }

  /** Takes a number apart; the place behind it, or {@link #INCOMPLETE} if the buffer ends first. */
  private int scanNumber(int start) throws IOException {
    byte[] bytes = buffer;
    int at = start;
    boolean minus = bytes[at] == '-';
    if (minus) {
      at++;
    }
    int first = at;
    long value = 0;
    int next = bytes[at];
    while (isDigit(next)) {
      value = 10 * value + (next - '0');
      next = bytes[++at];
    }
    int count = at - first;
    if (count == 0) {
      return endOrFail(at, "a digit");
    }
    if (count > 1 && bytes[first] == '0') {
      throw failure(first, "a number with a leading zero");
    }
    int power = 0;
    boolean whole = true;
    if (next == '.') {
      whole = false;
      int fraction = ++at;
      next = bytes[at];
      while (isDigit(next)) {
        value = 10 * value + (next - '0');
        next = bytes[++at];
      }
      power = fraction - at;
      if (power == 0) {
        return endOrFail(at, "a digit");
      }
      count -= power;
    }
    int mantissaEnd = at;
    if (next == 'e' || next == 'E') {
      whole = false;
      next = bytes[++at];
      boolean smaller = next == '-';
      if (smaller || next == '+') {
        next = bytes[++at];
      }
      int exponentStart = at;
      int written = 0;
      while (isDigit(next)) {
        written = Math.min(LARGEST_EXPONENT, 10 * written + (next - '0'));
        next = bytes[++at];
      }
      if (at == exponentStart) {
        return endOrFail(at, "a digit");
      }
      power += smaller ? -written : written;
    }
    negative = minus;
    significand = value;
    exponent = power;
    digits = count;
    more = false;
    integral = whole;
    if (count > MOST_DIGITS) {
      shorten(first, mantissaEnd);
    }
    return at;
  }

  private int endOrFail(int at, String expected) throws IOException {
    if (at == limit) {
      return INCOMPLETE;
    }
    throw notJson(at, buffer[at] & 0xFF, expected);
  }

  /** Keeps the first digits that count of more than fit. */
  private void shorten(int first, int end) {
    long value = 0;
    int taken = 0;
    int left = 0;
    for (int at = first; at < end; at++) {
      int next = buffer[at];
      if (next == '.') {
        continue;
      }
      if (taken < MOST_DIGITS) {
        value = 10 * value + (next - '0');
        taken += value == 0 ? 0 : 1;
      } else {
        left++;
        more |= next != '0';
      }
    }
    significand = value;
    digits = taken + left;
    exponent += left;
  }

  private static boolean isDigit(int next) {
    return next >= '0' && next <= '9';
  }

  /** The current number as the nearest float; infinite if it is beyond the largest. */
  public float floatValue() {
    float nearest = NearestFloat.ofFloat(significand, exponent, more);
    if (Float.isNaN(nearest)) {
      return Float.parseFloat(string());
    }
    return negative ? -nearest : nearest;
  }

  /** The current number as the nearest double; infinite if it is beyond the largest. */
  public double doubleValue() {
    double nearest = NearestFloat.ofDouble(significand, exponent, more);
    if (Double.isNaN(nearest)) {
      return Double.parseDouble(string());
    }
    return negative ? -nearest : nearest;
  }

  /**
   * Reads on behind an element of an array as long as {@link PlainFloats} follow, and puts them
   * where the target's position is. Whatever else comes is left to {@link #nextToken()}, and so is
   * what stands at the buffer's ends.
   *
   * @return how many, {@code most} at most
   */
  public int moreFloats(ByteBuffer target, long most) {
    if (empty || inObject || depth == 0 || most < FEW) {
      return 0;
    }
    if (floats == null) {
      floats = new PlainFloats();
    }
    int first = target.position();
    position = floats.read(buffer, position, limit, target, most);
    return (target.position() - first) / Float.BYTES;
  }

  /** True if the current token is an integer that a signed long holds. */
  public boolean isLong() {
    return token == JsonToken.VALUE_NUMBER_INT
        && digits <= MOST_DIGITS
        && (significand >= 0 || (negative && significand == Long.MIN_VALUE));
  }

  /** The current number, for which {@link #isLong()}. */
  public long longValue() {
    return negative ? -significand : significand;
  }

  /** The current number, which is an integer. */
  public BigInteger integerValue() {
    return new BigInteger(string());
  }

  // Values as they stand

  /**
   * The next value as it stands, to be read again; it is consumed, and has no object in it.
   *
   * @param most bytes that it can have
   */
  public ByteSink capture(long most) throws IOException {
    ByteSink sink = new ByteSink(most);
    significant();
    captured = sink;
    captureFrom = position;
    try {
      JsonToken first = nextToken();
      requireNoObject(first);
      int outside = depth - 1;
      while (first == JsonToken.START_ARRAY && depth > outside) {
        requireNoObject(nextToken());
      }
    } finally {
      captured = null;
    }
    sink.write(buffer, captureFrom, position - captureFrom);
    return sink;
  }

  private void requireNoObject(JsonToken token) {
    if (token == JsonToken.START_OBJECT) {
      throw refusal.of("an object in 'data' (expected numbers, strings or booleans)");
    }
  }

  // The buffer

  /** Steps over white space; the byte that follows, or {@link #END}. */
  private int significant() throws IOException {
    while (true) {
      int next = buffer[position];
      if (next > ' ') {
        return next;
      }
      switch (next) {
        case ' ', '\t', '\r' -> position++;
        case '\n' -> {
          position++;
          line++;
          lineStart = before + position;
        }
        default -> {
          if (position < limit) {
            return startsWithMark() ? significant() : next & 0xFF;
          }
          if (!readMore()) {
            return END;
          }
        }
      }
    }
  }

  /** A byte order mark in front of everything says nothing, and some write it all the same. */
  private boolean startsWithMark() throws IOException {
    if (before + position > 0) {
      return false;
    }
    while (limit < 3) {
      if (!readMore()) {
        return false;
      }
    }
    boolean mark =
        (buffer[0] & 0xFF) == 0xEF && (buffer[1] & 0xFF) == 0xBB && (buffer[2] & 0xFF) == 0xBF;
    if (mark) {
      position = 3;
    }
    return mark;
  }

  /** Reads at least a byte behind those from the position on, which may move; false at the end. */
  private boolean readMore() throws IOException {
    if (source == null) {
      return false;
    }
    if (buffer.length - 1 - limit < buffer.length / 4) {
      makeRoom();
    }
    int count = source.read(buffer, limit, buffer.length - 1 - limit);
    limit += Math.max(0, count);
    buffer[limit] = 0;
    return count > 0;
  }

  // What is moved is less than twice what is then read before the next move.
  private void makeRoom() {
    if (captured != null) {
      captured.write(buffer, captureFrom, position - captureFrom);
      captureFrom = 0;
    }
    int kept = limit - position;
    byte[] target =
        kept > buffer.length / 2
            ? new byte[(int) Math.min(2L * buffer.length, Integer.MAX_VALUE - 8)]
            : buffer;
    System.arraycopy(buffer, position, target, 0, kept);
    buffer = target;
    before += position;
    position = 0;
    limit = kept;
  }

  /** A value that begins at the position and goes wrong at {@code at}. */
  private RuntimeException notJson(int at, int next, String expected) throws IOException {
    int offset = at - position;
    while (limit - position < LONGEST_WORD && readMore()) {
      // Until the word is there as a whole.
    }
    int length = Math.min(LONGEST_WORD, limit - position);
    String word = new String(buffer, position, length, StandardCharsets.US_ASCII);
    Matcher noFiniteNumber = NO_FINITE_NUMBER.matcher(word);
    if (noFiniteNumber.lookingAt()) {
      return failure(
          position,
          "%s (expected a value; NaN and infinite values travel as %s)",
          noFiniteNumber.group(),
          BINARY_FORM);
    }
    return unexpectedAt(position + offset, next, expected);
  }

  private RuntimeException unexpected(int next, String expected) {
    return unexpectedAt(position, next, expected);
  }

  private RuntimeException unexpectedAt(int at, int next, String expected) {
    if (next == END || at == limit) {
      return failure(at, "the end (expected %s)", expected);
    }
    String what = next > ' ' && next < 0x7F ? "'" + (char) next + "'" : "byte " + next;
    return failure(at, "%s (expected %s)", what, expected);
  }

  @SuppressWarnings("AnnotateFormatMethod") // The annotation would be a dependency.
  private RuntimeException failure(int at, String reason, @Nullable Object... arguments) {
    return refusal.of(
        String.format(
            Locale.ROOT,
            "JSON, line %d, column %d: %s",
            line,
            before + at - lineStart + 1,
            String.format(Locale.ROOT, reason, arguments)));
  }
}
