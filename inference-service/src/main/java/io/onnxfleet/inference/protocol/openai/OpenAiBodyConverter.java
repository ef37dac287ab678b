package io.onnxfleet.inference.protocol.openai;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpInputMessage;
import org.springframework.http.HttpOutputMessage;
import org.springframework.http.MediaType;
import org.springframework.http.converter.AbstractHttpMessageConverter;
import org.springframework.http.converter.HttpMessageNotReadableException;

/** Lets answers write themselves, whatever the client says that it accepts. Thread-safe. */
final class OpenAiBodyConverter extends AbstractHttpMessageConverter<OpenAiBody> {

  OpenAiBodyConverter() {
    super(MediaType.APPLICATION_JSON, MediaType.ALL);
  }

  @Override
  protected boolean supports(Class<?> type) {
    return OpenAiBody.class.isAssignableFrom(type);
  }

  @Override
  public boolean canRead(Class<?> type, @Nullable MediaType mediaType) {
    return false;
  }

  @Override
  protected OpenAiBody readInternal(Class<? extends OpenAiBody> type, HttpInputMessage message) {
    throw new HttpMessageNotReadableException(type + " is only written", message);
  }

  @Override
  protected void writeInternal(OpenAiBody body, HttpOutputMessage message) throws IOException {
    body.writeTo(message.getBody());
  }
}
