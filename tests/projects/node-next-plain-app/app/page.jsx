export default function Page() {
  return <img src="/logo.svg" alt="logo" />;
}
