package io.onnxfleet.inference.protocol.openai.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.engine.text.tokenization.TextInput;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EmbeddingsRequestReaderTest {

  @Test
  void read_takesAString() throws IOException {
    EmbeddingsRequest request = read("{\"model\":\"m\",\"input\":\"some text\"}");

    assertThat(request.model()).isEqualTo("m");
    assertThat(request.input()).containsExactly(new TextInput.Characters("some text"));
    assertThat(request.encodingFormat()).isEqualTo(EncodingFormat.FLOAT);
    assertThat(request.dimensions()).isZero();
  }

  @Test
  void read_takesStrings_inAnyOrderOfTheKeys() throws IOException {
    EmbeddingsRequest request =
        read(
            """
            {"user":"u","dimensions":64,"input":["one","\\ud83d\\ude00"],
             "encoding_format":"base64"}
            """);

    assertThat(request.model()).isNull();
    assertThat(request.input())
        .containsExactly(new TextInput.Characters("one"), new TextInput.Characters("\uD83D\uDE00"));
    assertThat(request.encodingFormat()).isEqualTo(EncodingFormat.BASE64);
    assertThat(request.dimensions()).isEqualTo(64);
  }

  @Test
  void read_takesTokens() throws IOException {
    assertThat(read("{\"input\":[7,0,30521]}").input())
        .singleElement()
        .isInstanceOfSatisfying(
            TextInput.Tokens.class, text -> assertThat(text.ids()).containsExactly(7, 0, 30521));
    assertThat(read("{\"input\":[[1],[2,3]]}").input())
        .hasSize(2)
        .last()
        .isInstanceOfSatisfying(
            TextInput.Tokens.class, text -> assertThat(text.ids()).containsExactly(2, 3));
    String many = String.join(",", Collections.nCopies(1_000, "5"));
    assertThat(read("{\"input\":[" + many + "]}").input())
        .singleElement()
        .isInstanceOfSatisfying(
            TextInput.Tokens.class, text -> assertThat(text.ids()).hasSize(1_000).containsOnly(5));
  }

  @Test
  void read_takesNull_asAbsent() throws IOException {
    EmbeddingsRequest request =
        read(
            """
            {"input":"a","model":null,"encoding_format":null,"dimensions":null,"user":null}
            """);

    assertThat(request)
        .isEqualTo(
            new EmbeddingsRequest(
                null,
                request.input(),
                EncodingFormat.FLOAT,
                0,
                null,
                null,
                null,
                TextOptions.Overlong.WINDOWS,
                0,
                List.of()));
  }

  @Test
  void read_notesWhatItIgnores() throws IOException {
    EmbeddingsRequest request =
        read(
            """
            {"input":"a","user":["u"],"truncate":"END","foo":{"bar":[1,{}]},"late_chunking":false,
             "embedding_types":["float"],"output_dtype":"Float","truncation":true,"x":null}
            """);

    assertThat(request.ignored())
        .containsExactly(
            "user",
            "truncate",
            "foo",
            "late_chunking",
            "embedding_types",
            "output_dtype",
            "truncation");
    assertThat(request.wholeOnly()).isFalse();
  }

  @Test
  void read_takesWhatOtherServersClientsSay() throws IOException {
    EmbeddingsRequest request =
        read(
            """
            {"input":"a","input_type":"search_query","task":"search_query","normalize":false,
             "output_dimension":8,"truncate":"NONE","prompt_name":"query","priority":3}
            """);

    assertThat(request.purpose()).isEqualTo(new EmbeddingsRequest.Purpose("task", "search_query"));
    assertThat(request)
        .returns(false, EmbeddingsRequest::normalize)
        .returns(8, EmbeddingsRequest::dimensions)
        .returns(true, EmbeddingsRequest::wholeOnly)
        .returns("query", EmbeddingsRequest::promptName)
        .returns(3, EmbeddingsRequest::priority);
    assertThat(read("{\"input\":\"a\",\"truncation\":false}").wholeOnly()).isTrue();
    // As a query says it.
    assertThat(read("{\"input\":\"a\",\"truncate\":\"false\"}").wholeOnly()).isTrue();
  }

  @Test
  void read_refuses_whenThereAreTooManyArguments() {
    StringBuilder body = new StringBuilder("{\"input\":\"a\"");
    for (int index = 0; index < EmbeddingsRequestReader.MAX_ARGUMENTS; index++) {
      body.append(",\"x").append(index).append("\":1");
    }

    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> read(body + "}"))
        .withMessage("body: more than 256 arguments (expected: <= 256)");
  }

  @Test
  void read_takesAMegabyte() throws IOException {
    String text = "word ".repeat(200_000);

    assertThat(read("{\"input\":\"" + text + "\"}").input())
        .containsExactly(new TextInput.Characters(text));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{}|input: absent (expected a string, an array",
        "[]|body: an array (expected a JSON object)",
        "``|body: nothing (expected a JSON object)",
        "{\"input\":\"a\"} {}|body: an object behind the JSON object",
        "{\"input\":\"a\"|JSON, line 1",
        "{\"input\":\"a\",}|JSON, line 1",
        "{\"input\":null}|input: null (expected a string",
        "{\"input\":{}}|input: an object (expected a string",
        "{\"input\":7}|input: a number (expected a string",
        "{\"input\":\"\"}|input: an empty string (expected at least one character)",
        "{\"input\":[]}|input: an empty array (expected a string",
        "{\"input\":[\"a\",\"\"]}|input[1]: an empty string",
        "{\"input\":[\"a\",1]}|input[1]: a number (expected a string",
        "{\"input\":[true]}|input[0]: a boolean (expected",
        "{\"input\":[null]}|input[0]: null (expected",
        "{\"input\":[[]]}|input[0]: an empty array (expected at least one token id)",
        "{\"input\":[[1],\"a\"]}|input[1]: a string (expected",
        "{\"input\":[[1],[1,\"a\"]]}|input[1]: a string as token 1 (expected a 32-bit",
        "{\"input\":[[1],[[1]]]}|input[1]: an array as token 0",
        "{\"input\":[1,2.5]}|input: a number as token 1 (expected a 32-bit whole number)",
        "{\"input\":[1.5]}|input: a number as token 0",
        "{\"input\":[4294967296]}|input: a number as token 0",
        "{\"input\":[1,\"a\"]}|input: a string as token 1",
        "{\"input\":\"a\",\"input\":\"b\"}|input: given twice",
        "{\"input\":\"a\",\"model\":7}|model: a number (expected a string)",
        "{\"input\":\"a\",\"encoding_format\":\"FLOAT\"}|encoding_format: 'FLOAT' (expected"
            + " 'float'",
        "{\"input\":\"a\",\"dimensions\":0}|dimensions: 0 (expected: >= 1)",
        "{\"input\":\"a\",\"dimensions\":99999999999}|dimensions: 99999999999 (expected: >= 1)",
        "{\"input\":\"a\",\"dimensions\":\"8\"}|dimensions: a string (expected a whole number)",
        "{\"input\":\"a\",\"priority\":-1}|priority: -1 (expected: >= 0)",
        "{\"input\":\"a\",\"priority\":\"high\"}|priority: a string (expected a whole number)",
        "{\"input\":\"a\",\"dimension\":8}|dimension: 8 (expected no such argument",
        "{\"input\":\"a\",\"dimensions\":8,\"output_dimension\":9}|output_dimension: 9 (expected 8",
        "{\"input\":\"a\",\"normalize\":\"no\"}|normalize: a string (expected true or false)",
        "{\"input\":\"a\",\"normalize\":false,\"normalized\":true}|normalized: true (expected"
            + " false",
        "{\"input\":\"a\",\"truncate_prompt_tokens\":8}|truncate_prompt_tokens: 8 (expected no"
            + " such",
        "{\"input\":\"a\",\"truncate\":8}|truncate: a number (expected a string, true or false)",
        "{\"input\":\"a\",\"late_chunking\":true}|late_chunking: true (expected one of [false]",
        "{\"input\":\"a\",\"output_dtype\":\"int8\"}|output_dtype: int8 (expected one of [float",
        "{\"input\":\"a\",\"embedding_types\":[\"float\",\"int8\"]}|embedding_types: int8",
        "{\"input\":\"a\",\"embedding_types\":[{}]}|embedding_types: an object",
        "{\"input\":\"a\",\"prompt\":\"x\"}|prompt: x (expected one of []",
        "{\"input\":\"a\",\"messages\":[{}]}|messages: an object",
        "{\"input\":\"a\",\"add_special_tokens\":false}|add_special_tokens: false",
        "{\"input\":\"a\",\"input_type\":7}|input_type: a number (expected a string)",
        "{\"input\":\"a\",\"input_type\":\"query\",\"task\":\"x\"}|task: 'x' (expected 'query'",
        "{\"input\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}|input[0]: an array as token 0",
      })
  void read_namesTheFault(String body, String message) {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> read(body))
        .withMessageStartingWith(message)
        .returns(ErrorCode.INVALID_INPUT, InferenceException::code);
  }

  @Test
  void read_refuses_whenThereAreTooManyTexts() throws IOException {
    String most = String.join(",", Collections.nCopies(2_048, "\"a\""));

    assertThat(read("{\"input\":[" + most + "]}").input()).hasSize(2_048);
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> read("{\"input\":[" + most + ",\"a\"]}"))
        .withMessage("input: more than 2048 texts (expected: <= 2048)");
  }

  @Test
  void read_refuses_whenTextIsNotUtf8() {
    byte[] body = "{\"input\":\"caf\u00e9\"}".getBytes(StandardCharsets.ISO_8859_1);

    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> EmbeddingsRequestReader.read(new ByteArrayInputStream(body)))
        .withMessageContaining("UTF-8");
  }

  @Test
  void read_passesOn_whatTheTransportSays() throws IOException {
    InputStream broken = InputStream.nullInputStream();
    broken.close();

    assertThatIOException()
        .isThrownBy(() -> EmbeddingsRequestReader.read(broken))
        .withMessage("Stream closed");
  }

  private static EmbeddingsRequest read(String body) throws IOException {
    return EmbeddingsRequestReader.read(
        new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8)));
  }
}
